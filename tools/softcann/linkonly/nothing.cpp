// A library that torch_npu names among its dependencies and calls nothing of.
