// aclCreate*, aclDestroy*, aclGetViewShape.
#include "opapi/objects.h"

#include <ATen/ops/from_blob.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>

#include "core/device.h"
#include "core/export.h"
#include "core/memory.h"
#include "core/status.h"

namespace softcann {

at::ScalarType scalar_type(aclDataType type) {
  switch (type) {
    case ACL_FLOAT:
      return at::kFloat;
    case ACL_FLOAT16:
      return at::kHalf;
    case ACL_BF16:
      return at::kBFloat16;
    case ACL_DOUBLE:
      return at::kDouble;
    case ACL_INT8:
      return at::kChar;
    case ACL_INT16:
      return at::kShort;
    case ACL_INT32:
      return at::kInt;
    case ACL_INT64:
      return at::kLong;
    case ACL_UINT8:
      return at::kByte;
    case ACL_BOOL:
      return at::kBool;
    case ACL_COMPLEX64:
      return at::kComplexFloat;
    case ACL_COMPLEX128:
      return at::kComplexDouble;
    default:
      TORCH_CHECK(false, "aclDataType ", static_cast<int>(type), " is not supported");
  }
}

namespace {

// Whether a format has no blocks, so that shape and strides alone give each element's place.
bool is_plain(aclFormat format) {
  switch (format) {
    case ACL_FORMAT_ND:
    case ACL_FORMAT_NCL:
    case ACL_FORMAT_NCHW:
    case ACL_FORMAT_NHWC:
    case ACL_FORMAT_NCDHW:
    case ACL_FORMAT_NDHWC:
      return true;
    default:
      return false;
  }
}

// The number of elements from the start of the storage to the end of the view.
std::int64_t reach(at::IntArrayRef sizes, at::IntArrayRef strides, std::int64_t offset) {
  std::int64_t last = offset;
  for (std::size_t i = 0; i < sizes.size(); ++i) last += (sizes[i] - 1) * strides[i];
  return last + 1;
}

// The view on the device memory at `data`. Throws when it is not a valid view on this thread's device.
at::Tensor view_memory(at::IntArrayRef sizes, at::IntArrayRef strides, std::int64_t offset,
                       at::ScalarType type, at::IntArrayRef storage_sizes, void* data) {
  // A tensor made in inference mode could not be written to outside of it.
  const c10::InferenceMode normal(false);
  const auto options = at::TensorOptions().dtype(type);
  if (std::find(sizes.begin(), sizes.end(), 0) != sizes.end()) {
    return at::from_blob(nullptr, sizes, strides, options);
  }
  const auto allocation = find_allocation(data);
  TORCH_CHECK(allocation, "is not in device memory");
  TORCH_CHECK(allocation->device == current_device(), "is in the memory of device ", allocation->device,
              ", but the op runs on device ", current_device());
  const auto elements = reach(sizes, strides, offset);
  const auto size = static_cast<std::int64_t>(at::elementSize(type));
  const auto room = allocation->base + allocation->size - static_cast<const std::byte*>(data);
  TORCH_CHECK(offset >= 0 && elements <= c10::multiply_integers(storage_sizes) && elements * size <= room,
              "reaches beyond its storage");
  auto* memory = static_cast<std::byte*>(host_alias(data));
  return at::from_blob(memory + offset * size, sizes, strides, options);
}

c10::Scalar read_scalar(const void* value, aclDataType type) {
  switch (type) {
    case ACL_FLOAT:
      return *static_cast<const float*>(value);
    case ACL_DOUBLE:
      return *static_cast<const double*>(value);
    case ACL_FLOAT16:
      return static_cast<float>(*static_cast<const at::Half*>(value));
    case ACL_BF16:
      return static_cast<float>(*static_cast<const at::BFloat16*>(value));
    case ACL_INT32:
      return *static_cast<const std::int32_t*>(value);
    case ACL_INT64:
      return *static_cast<const std::int64_t*>(value);
    case ACL_BOOL:
      return *static_cast<const bool*>(value);
    case ACL_COMPLEX128:
      return *static_cast<const c10::complex<double>*>(value);
    default:
      TORCH_CHECK(false, "a scalar of aclDataType ", static_cast<int>(type), " is not supported");
  }
}

template <typename List>
int destroy_list(const List* list) {
  if (list) {
    for (const auto* element : list->elements) delete element;
  }
  delete list;
  return ACL_SUCCESS;
}

template <typename Handle>
int destroy(const Handle* handle) {
  delete handle;
  return ACL_SUCCESS;
}

}  // namespace
}  // namespace softcann

SOFTCANN_C aclTensor* aclCreateTensor(const std::int64_t* view_dims, std::uint64_t view_dims_num,
                                      aclDataType type, const std::int64_t* strides, std::int64_t offset,
                                      aclFormat format, const std::int64_t* storage_dims,
                                      std::uint64_t storage_dims_num, void* data) {
  auto* tensor = new aclTensor;
  try {
    TORCH_CHECK(softcann::is_plain(format), "has aclFormat ", static_cast<int>(format),
                ", which is not supported");
    tensor->view = softcann::view_memory({view_dims, view_dims_num}, {strides, view_dims_num}, offset,
                                         softcann::scalar_type(type), {storage_dims, storage_dims_num}, data);
  } catch (const c10::Error& error) {
    tensor->problem = error.what_without_backtrace();
  }
  return tensor;
}

SOFTCANN_C aclScalar* aclCreateScalar(void* value, aclDataType type) {
  try {
    return new aclScalar{softcann::read_scalar(value, type)};
  } catch (const c10::Error& error) {
    softcann::fail(softcann::ACLNN_ERR_PARAM_INVALID,
                   std::string("aclCreateScalar: ") + error.what_without_backtrace());
    return nullptr;
  }
}

SOFTCANN_C aclIntArray* aclCreateIntArray(const std::int64_t* values, std::uint64_t count) {
  return new aclIntArray{{values, values + count}};
}

SOFTCANN_C aclFloatArray* aclCreateFloatArray(const float* values, std::uint64_t count) {
  return new aclFloatArray{{values, values + count}};
}

SOFTCANN_C aclBoolArray* aclCreateBoolArray(const bool* values, std::uint64_t count) {
  return new aclBoolArray{std::vector<bool>(values, values + count)};
}

SOFTCANN_C aclTensorList* aclCreateTensorList(const aclTensor* const* values, std::uint64_t count) {
  return new aclTensorList{{values, values + count}};
}

SOFTCANN_C aclScalarList* aclCreateScalarList(const aclScalar* const* values, std::uint64_t count) {
  return new aclScalarList{{values, values + count}};
}

SOFTCANN_C int aclDestroyTensor(const aclTensor* tensor) { return softcann::destroy(tensor); }
SOFTCANN_C int aclDestroyScalar(const aclScalar* scalar) { return softcann::destroy(scalar); }
SOFTCANN_C int aclDestroyIntArray(const aclIntArray* array) { return softcann::destroy(array); }
SOFTCANN_C int aclDestroyFloatArray(const aclFloatArray* array) { return softcann::destroy(array); }
SOFTCANN_C int aclDestroyBoolArray(const aclBoolArray* array) { return softcann::destroy(array); }
SOFTCANN_C int aclDestroyTensorList(const aclTensorList* list) { return softcann::destroy_list(list); }
SOFTCANN_C int aclDestroyScalarList(const aclScalarList* list) { return softcann::destroy_list(list); }

// The caller frees `*dims` with delete[].
SOFTCANN_C int aclGetViewShape(const aclTensor* tensor, std::int64_t** dims, std::uint64_t* dims_num) {
  if (!tensor || !dims || !dims_num) {
    return softcann::fail(softcann::ACLNN_ERR_PARAM_NULLPTR, "aclGetViewShape: null argument");
  }
  const auto sizes = tensor->view.sizes();
  *dims_num = sizes.size();
  *dims = new std::int64_t[sizes.size()];
  std::copy(sizes.begin(), sizes.end(), *dims);
  return ACL_SUCCESS;
}
