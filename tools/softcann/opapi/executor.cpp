#include "opapi/executor.h"

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/record_function.h>
#include <c10/core/InferenceMode.h>
#include <c10/core/impl/LocalDispatchKeySet.h>
#include <c10/util/ScopeExit.h>

#include <memory>

#include "core/export.h"
#include "core/queue.h"
#include "core/status.h"
#include "core/trace.h"

namespace softcann {
namespace {

// The first word of every message of the simulator.
const std::string kMark = "[softcann] ";

// The state of phase 1 on this thread: not running, running, or past the call of planned().
enum class Planning { no, yes, done };
thread_local Planning planning = Planning::no;

// While it lives, ATen calls its kernels directly: no autograd, autocast, function transforms or Python.
class KernelScope {
 private:
  static c10::DispatchKeySet layers() {
    using c10::DispatchKey;
    static const auto keys =
        c10::autograd_dispatch_keyset_with_ADInplaceOrView | c10::autocast_dispatch_keyset | c10::python_ks |
        c10::DispatchKeySet({DispatchKey::FuncTorchDynamicLayerBackMode,
                             DispatchKey::FuncTorchDynamicLayerFrontMode, DispatchKey::FuncTorchBatched,
                             DispatchKey::Functionalize, DispatchKey::PreDispatch});
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
  TORCH_CHECK(fault.kind != OpFault::Kind::error, "failed as SOFTCANN_FAULT requests");
  TORCH_CHECK(fault.output >= 0 && fault.output < static_cast<int>(outputs.size()),
              "SOFTCANN_FAULT flips output ", fault.output, ", but the op has ", outputs.size());
  const auto& output = outputs[fault.output];
  TORCH_CHECK(fault.element >= 0 && fault.element < output.numel(), "SOFTCANN_FAULT flips element ",
              fault.element, ", but the output has ", output.numel());
  TORCH_CHECK(fault.bit >= 0 && fault.bit < 8 * output.element_size(), "SOFTCANN_FAULT flips bit ", fault.bit,
              ", but an element has ", 8 * output.element_size());
}

void count(const aclOpExecutor& call) {
  call.op.count();
  count_call(call.op.name());
  if (const auto math = call.cube_math()) {
    count_call(std::string(call.op.name()) + " cubeMathType=" + std::to_string(static_cast<int>(*math)));
  }
}

}  // namespace

Op::Op(const char* name, std::vector<const char*> parameters)
    : name_(name), parameters_(std::move(parameters)) {
  table().push_back(this);
}

int Op::guard(const std::function<void()>& step) const {
  try {
    step();
    return ACL_SUCCESS;
  } catch (const std::exception& error) {
    return fail_task(ACLNN_ERR_PARAM_INVALID, kMark + name_ + ": " + reason(error));
  }
}

const std::vector<const Op*>& implemented_ops() { return table(); }

bool planned() {
  if (planning == Planning::no) return false;
  planning = Planning::done;
  return true;
}

void plan(aclOpExecutor& call) {
  call.fault = fault_of_op(call.op.name());
  if (call.fault) check_fault(call.outputs(), *call.fault);
  planning = Planning::yes;
  const auto end = c10::make_scope_exit([] { planning = Planning::no; });
  call.run();
  TORCH_CHECK(planning == Planning::done, "does not call planned(): its body ran in phase 1");
  count(call);
}

int refuse_op(const char* symbol) {
  // Not ACL_ERROR_RT_FEATURE_NOT_SUPPORT: on that code torch_npu warns and continues with phase 2.
  return fail_task(ACLNN_ERR_INNER, kMark + symbol + " is not implemented by the simulator");
}

int execute(aclOpExecutor* executor) {
  if (!executor) return fail(ACLNN_ERR_PARAM_NULLPTR, "aclOpExecutor is null");
  const std::unique_ptr<aclOpExecutor> call(executor);
  try {
    const KernelScope scope;
    at::init_num_threads();  // the main thread's number, even after torch.set_num_threads
    call->run();
    if (call->fault) flip(call->outputs(), *call->fault);
  } catch (const std::exception& error) {
    end_process(kMark + call->op.name() + ": " + reason(error));
  }
  return ACL_SUCCESS;
}

}  // namespace softcann

SOFTCANN_C int aclDestroyAclOpExecutor(aclOpExecutor* executor) {
  delete executor;
  return ACL_SUCCESS;
}

// Read the table of ops from outside: the name at `position`, null after the last.
SOFTCANN_C const char* softcann_op_name(std::size_t position) {
  const auto& ops = softcann::implemented_ops();
  return position < ops.size() ? ops[position]->name() : nullptr;
}

// The number of calls of the op at `position` in this process.
SOFTCANN_C std::uint64_t softcann_op_calls(std::size_t position) {
  const auto& ops = softcann::implemented_ops();
  return position < ops.size() ? ops[position]->calls() : 0;
}
