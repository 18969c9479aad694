#include "opapi/executor.h"

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/record_function.h>
#include <c10/core/InferenceMode.h>
#include <c10/core/impl/LocalDispatchKeySet.h>

#include <cstdio>
#include <cstdlib>

#include "core/export.h"
#include "core/status.h"
#include "core/trace.h"
#include "opapi/op.h"

namespace cannsim {
namespace {

// Signatures an op remembers: scalars that change at each step must not grow the set without end.
constexpr std::size_t remembered_signatures = 4096;

// Nothing between an op's body and ATen's kernels: no autograd, autocast, function transforms or Python.
class KernelScope {
 private:
  static c10::DispatchKeySet layers() {
    using c10::DispatchKey;
    static const auto keys = c10::autograd_dispatch_keyset_with_ADInplaceOrView | c10::autocast_dispatch_keyset |
                             c10::python_ks |
                             c10::DispatchKeySet({DispatchKey::FuncTorchDynamicLayerBackMode,
                                                  DispatchKey::FuncTorchDynamicLayerFrontMode,
                                                  DispatchKey::FuncTorchBatched, DispatchKey::Functionalize,
                                                  DispatchKey::PreDispatch});
    return keys;
  }
  c10::InferenceMode normal_{false};
  c10::impl::ExcludeDispatchKeyGuard direct_{layers()};
  at::NoGradGuard no_grad_;
  at::DisableRecordFunctionGuard unrecorded_;
};

std::vector<const Op*>& table() {
  static std::vector<const Op*> ops;
  return ops;
}

std::string reason(const std::exception& error) {
  const auto* own = dynamic_cast<const c10::Error*>(&error);
  const std::string text = own ? own->what_without_backtrace() : error.what();
  return text.substr(0, text.find('\n'));
}

[[noreturn]] void die(const Op& op, const std::string& why) {
  std::fprintf(stderr, "cannsim: %s failed on the device: %s\n", op.name(), why.c_str());
  std::abort();
}

void flip(const Tensors& outputs, const OpFault& fault) {
  const auto& output = outputs.at(fault.output);
  auto rest = fault.element;
  std::int64_t position = 0;
  for (auto axis = output.dim() - 1; axis >= 0; --axis) {
    position += rest % output.size(axis) * output.stride(axis);
    rest /= output.size(axis);
  }
  auto* bytes = static_cast<unsigned char*>(output.data_ptr()) + position * output.element_size();
  bytes[fault.bit / 8] ^= static_cast<unsigned char>(1U << (fault.bit % 8));
}

void check_fault(const Tensors& outputs, const OpFault& fault) {
  TORCH_CHECK(fault.kind != OpFault::Kind::error, "failed because CANNSIM_FAULT asks for it");
  TORCH_CHECK(fault.output >= 0 && fault.output < static_cast<int>(outputs.size()), "CANNSIM_FAULT flips output ",
              fault.output, " of ", outputs.size());
  const auto& output = outputs[fault.output];
  TORCH_CHECK(fault.element >= 0 && fault.element < output.numel(), "CANNSIM_FAULT flips element ", fault.element,
              " of ", output.numel());
  TORCH_CHECK(fault.bit >= 0 && fault.bit < 8 * output.element_size(), "CANNSIM_FAULT flips bit ", fault.bit, " of ",
              8 * output.element_size());
}

void count(const aclOpExecutor& call) {
  count_call(call.op.name());
  if (const auto math = call.cube_math()) {
    count_call(std::string(call.op.name()) + " cubeMathType=" + std::to_string(static_cast<int>(*math)));
  }
}

}  // namespace

Op::Op(const char* name, std::vector<const char*> parameters) : name_(name), parameters_(std::move(parameters)) {
  table().push_back(this);
}

int Op::guard(const std::function<void()>& step) const {
  try {
    step();
    return ACL_SUCCESS;
  } catch (const std::exception& error) {
    return fail(ACLNN_ERR_PARAM_INVALID, std::string(name_) + ": " + reason(error));
  }
}

bool Op::has_checked(const std::string& key) const {
  const std::lock_guard lock(mutex_);
  return checked_.contains(key);
}

void Op::remember_checked(std::string key) const {
  const std::lock_guard lock(mutex_);
  if (checked_.size() >= remembered_signatures) checked_.clear();
  checked_.insert(std::move(key));
}

const std::vector<const Op*>& implemented_ops() { return table(); }

void put(Tensor& out, const Tensor& result) {
  TORCH_CHECK(out.sizes() == result.sizes(), "the result has shape ", result.sizes(), ", but the output ",
              out.sizes());
  out.copy_(result);
}

void check_and_count(aclOpExecutor& call) {
  call.fault = fault_of_op(call.op.name());
  if (call.fault) check_fault(call.outputs(), *call.fault);
  const auto signature = call.signature();
  if (!call.op.has_checked(signature.key())) {
    const KernelScope scope;
    call.plan();
    call.op.remember_checked(signature.key());
  }
  count(call);
}

int execute(aclOpExecutor* executor) {
  if (!executor) return fail(ACLNN_ERR_PARAM_NULLPTR, "aclOpExecutor is null");
  const std::unique_ptr<aclOpExecutor> call(executor);
  try {
    const KernelScope scope;
    at::init_num_threads();  // the number the main thread uses, also when torch.set_num_threads changed it
    call->run();
    if (call->fault) flip(call->outputs(), *call->fault);
  } catch (const std::exception& error) {
    die(call->op, reason(error));
  }
  return ACL_SUCCESS;
}

}  // namespace cannsim

void aclOpExecutor::check_outputs(const cannsim::Tensors& written) const {
  const auto declared = outputs();
  for (std::size_t i = 0; i < declared.size(); ++i) {
    TORCH_CHECK(declared[i].sizes() == written[i].sizes(), "the result has shape ", written[i].sizes(),
                ", but the output ", declared[i].sizes());
  }
}

CANNSIM_C int aclDestroyAclOpExecutor(aclOpExecutor* executor) {
  delete executor;
  return ACL_SUCCESS;
}

// The implemented ops, one at a time: the name of the op at `position`, null after the last.
CANNSIM_C const char* cannsim_op(std::size_t position) {
  const auto& ops = cannsim::implemented_ops();
  return position < ops.size() ? ops[position]->name() : nullptr;
}
