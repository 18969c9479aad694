// The objects that aclCreate* returns and aclnn functions take.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Scalar.h>

#include <cstdint>
#include <string>
#include <vector>

#include "acl/acl_base.h"

struct aclTensor {
  at::Tensor view;      // on the memory's accessible alias; undefined when `problem` is set
  std::string problem;  // why no op may use this tensor; phase 1 raises it with the names of op and argument
};

struct aclScalar {
  c10::Scalar value;
};

struct aclIntArray {
  std::vector<std::int64_t> values;
};

struct aclFloatArray {
  std::vector<float> values;
};

struct aclBoolArray {
  std::vector<bool> values;
};

struct aclTensorList {  // owns its elements, as CANN's does; an element may be null
  std::vector<const aclTensor*> elements;
};

struct aclScalarList {  // owns its elements
  std::vector<const aclScalar*> elements;
};

namespace softcann {

// ATen's type for `type`. Throws when ATen's CPU kernels have none.
at::ScalarType scalar_type(aclDataType type);

}  // namespace softcann
