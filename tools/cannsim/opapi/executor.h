// The two phases of an op, and the table of ops.
#pragma once

#include <c10/util/Exception.h>

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "core/fault.h"
#include "opapi/arguments.h"

namespace cannsim {

// An op's row in the table: its name, its parameters, and the signatures that phase 1 has checked already.
class Op {
 public:
  Op(const char* name, std::vector<const char*> parameters);
  Op(const Op&) = delete;
  Op& operator=(const Op&) = delete;

  const char* name() const { return name_; }

  // Run a step of phase 1; what it throws becomes the recent error and a status.
  int guard(const std::function<void()>& step) const;

  // Run `read` for the parameter at `position`; what it throws names that parameter.
  template <typename Read>
  auto read_argument(std::size_t position, Read read) const {
    try {
      return read();
    } catch (const c10::Error& error) {
      TORCH_CHECK(false, parameters_[position], " ", error.what_without_backtrace());
    }
  }

  bool has_checked(const std::string& key) const;
  void remember_checked(std::string key) const;

 private:
  const char* name_;
  std::vector<const char*> parameters_;
  mutable std::mutex mutex_;
  mutable std::unordered_set<std::string> checked_;
};

// All implemented ops, by name.
const std::vector<const Op*>& implemented_ops();

}  // namespace cannsim

// What phase 1 leaves for phase 2.
struct aclOpExecutor {
  explicit aclOpExecutor(const cannsim::Op& its_op) : op(its_op) {}
  virtual ~aclOpExecutor() = default;
  virtual void run() = 0;   // the body on the device memory
  virtual void plan() = 0;  // the body on tensors without memory
  virtual cannsim::Tensors outputs() const = 0;
  virtual cannsim::Signature signature() const = 0;
  virtual std::optional<cannsim::CubeMath> cube_math() const = 0;

  const cannsim::Op& op;
  std::optional<cannsim::OpFault> fault;

 protected:
  // The shapes the outputs had when the body got them; an ATen function may resize its `out`.
  void check_outputs(const cannsim::Tensors& written) const;
};

namespace cannsim {

// The checks of phase 1 on a call whose arguments have been read. Throws what is wrong.
void check_and_count(aclOpExecutor& call);

// Phase 2. torch_npu's queue raises one failure and is dead after it, with every later op returning garbage in
// silence, so that a failure here ends the process, saying which op and why.
int execute(aclOpExecutor* executor);

}  // namespace cannsim
