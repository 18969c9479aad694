// The description of a graph op. Tensor descriptions are stored, since torch_npu reads them back for its
// error message; buffers and attributes are not, since the op itself is refused.
#include <cstdint>
#include <string>
#include <vector>

#include "acl/acl.h"
#include "core/status.h"

struct aclTensorDesc {
  aclDataType type;
  aclFormat format;
  std::vector<std::int64_t> dims;
};

struct aclDataBuffer {};

struct aclopAttr {};

aclTensorDesc* aclCreateTensorDesc(aclDataType type, int count, const int64_t* dims, aclFormat format) {
  return new aclTensorDesc{type, format, std::vector<std::int64_t>(dims, dims + count)};
}

void aclDestroyTensorDesc(const aclTensorDesc* description) { delete description; }

aclDataType aclGetTensorDescType(const aclTensorDesc* description) { return description->type; }

aclFormat aclGetTensorDescFormat(const aclTensorDesc* description) { return description->format; }

size_t aclGetTensorDescNumDims(const aclTensorDesc* description) { return description->dims.size(); }

aclError aclGetTensorDescDimV2(const aclTensorDesc* description, size_t index, int64_t* size) {
  if (index >= description->dims.size()) {
    return softcann::fail(ACL_ERROR_INVALID_PARAM,
                          "[softcann] aclGetTensorDescDimV2: the tensor has no such dimension");
  }
  *size = description->dims[index];
  return ACL_SUCCESS;
}

void aclSetTensorDescName(aclTensorDesc*, const char*) {}

aclError aclSetTensorFormat(aclTensorDesc*, aclFormat) { return ACL_SUCCESS; }

aclError aclSetTensorShape(aclTensorDesc*, int, const int64_t*) { return ACL_SUCCESS; }

aclError aclSetTensorPlaceMent(aclTensorDesc*, aclMemType) { return ACL_SUCCESS; }

aclDataBuffer* aclCreateDataBuffer(void*, size_t) { return new aclDataBuffer; }

aclError aclDestroyDataBuffer(const aclDataBuffer* buffer) {
  delete buffer;
  return ACL_SUCCESS;
}

aclopAttr* aclopCreateAttr() { return new aclopAttr; }

void aclopDestroyAttr(const aclopAttr* attributes) { delete attributes; }

aclError aclopSetAttrBool(aclopAttr*, const char*, uint8_t) { return ACL_SUCCESS; }

aclError aclopSetAttrDataType(aclopAttr*, const char*, aclDataType) { return ACL_SUCCESS; }

aclError aclopSetAttrFloat(aclopAttr*, const char*, float) { return ACL_SUCCESS; }

aclError aclopSetAttrInt(aclopAttr*, const char*, int64_t) { return ACL_SUCCESS; }

aclError aclopSetAttrString(aclopAttr*, const char*, const char*) { return ACL_SUCCESS; }

aclError aclopSetAttrListBool(aclopAttr*, const char*, int, const uint8_t*) { return ACL_SUCCESS; }

aclError aclopSetAttrListFloat(aclopAttr*, const char*, int, const float*) { return ACL_SUCCESS; }

aclError aclopSetAttrListInt(aclopAttr*, const char*, int, const int64_t*) { return ACL_SUCCESS; }

aclError aclopSetAttrListListInt(aclopAttr*, const char*, int, const int*, const int64_t* const[]) {
  return ACL_SUCCESS;
}
