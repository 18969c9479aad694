// The op compiler: its options are stored; the graph ops that it would compile and run are refused by name.
#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>
#include <string>

#include "acl/acl_op_compiler.h"
#include "core/export.h"
#include "core/queue.h"
#include "core/status.h"

using softcann::fail;

namespace {

std::mutex mutex;

// "disable": with any other value torch_npu runs ops as graph ops, which are refused below.
std::map<aclCompileOpt, std::string>& options() {
  static auto* options = new std::map<aclCompileOpt, std::string>{{ACL_OP_JIT_COMPILE, "disable"}};
  return *options;
}

int refuse_graph_op(const char* function, const char* op) {
  return softcann::fail_task(ACL_ERROR_OP_NOT_FOUND, std::string("[softcann] ") + function +
                                                         ": the graph op '" + (op ? op : "?") +
                                                         "' is not simulated; only aclnn ops are");
}

}  // namespace

aclError aclSetCompileopt(aclCompileOpt option, const char* value) {
  if (!value) return fail(ACL_ERROR_INVALID_PARAM, "[softcann] aclSetCompileopt: the value is null");
  std::scoped_lock lock(mutex);
  options()[option] = value;
  return ACL_SUCCESS;
}

size_t aclGetCompileoptSize(aclCompileOpt option) {
  std::scoped_lock lock(mutex);
  return options()[option].size() + 1;
}

aclError aclGetCompileopt(aclCompileOpt option, char* value, size_t length) {
  std::scoped_lock lock(mutex);
  const std::string& kept = options()[option];
  if (!value || length < kept.size() + 1) {
    return fail(ACL_ERROR_INVALID_PARAM,
                "[softcann] aclGetCompileopt: the buffer is too small for the value");
  }
  std::memcpy(value, kept.c_str(), kept.size() + 1);
  return ACL_SUCCESS;
}

aclError aclopCompileAndExecute(const char* op, int, const aclTensorDesc* const[],
                                const aclDataBuffer* const[], int, const aclTensorDesc* const[],
                                aclDataBuffer* const[], const aclopAttr*, aclopEngineType, aclopCompileType,
                                const char*, aclrtStream) {
  return refuse_graph_op("aclopCompileAndExecute", op);
}

aclError aclopCompileAndExecuteV2(const char* op, int, aclTensorDesc*[], aclDataBuffer*[], int,
                                  aclTensorDesc*[], aclDataBuffer*[], aclopAttr*, aclopEngineType,
                                  aclopCompileType, const char*, aclrtStream) {
  return refuse_graph_op("aclopCompileAndExecuteV2", op);
}
