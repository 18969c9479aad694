// A library that torch_npu depends on and calls no function of.
