// The two phases of an op, and the table of ops.
#pragma once

#include <c10/util/Exception.h>

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/fault.h"
#include "opapi/arguments.h"

namespace softcann {

// An op's row in the table: its name, its parameters, its calls.
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

  // How often phase 1 let it pass.
  void count() const { calls_.fetch_add(1, std::memory_order_relaxed); }
  std::uint64_t calls() const { return calls_.load(std::memory_order_relaxed); }

 private:
  const char* name_;
  std::vector<const char*> parameters_;
  mutable std::atomic<std::uint64_t> calls_{0};
};

// All implemented ops, by name.
const std::vector<const Op*>& implemented_ops();

}  // namespace softcann

// What phase 1 leaves for phase 2.
struct aclOpExecutor {
  explicit aclOpExecutor(const softcann::Op& its_op) : op(its_op) {}
  virtual ~aclOpExecutor() = default;
  virtual void run() = 0;  // the body
  virtual softcann::Tensors outputs() const = 0;
  virtual std::optional<softcann::CubeMath> cube_math() const = 0;

  const softcann::Op& op;
  std::optional<softcann::OpFault> fault;
};

namespace softcann {

// What is left of phase 1 when the arguments have been read: the body's checks. Throws what they find.
void plan(aclOpExecutor& call);

// Whether the body runs in phase 1, and is to return.
bool planned();

// Phase 1 of a function that the simulator does not have.
int refuse_op(const char* symbol);

// Phase 2. torch_npu's queue raises one failure and is dead after it, with every later op returning garbage
// in silence, so that a failure here ends the process, saying which op and why.
int execute(aclOpExecutor* executor);

}  // namespace softcann
