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

// An op's entry in the table: its name, its parameters and the number of its calls.
class Op {
 public:
  Op(const char* name, std::vector<const char*> parameters);
  Op(const Op&) = delete;
  Op& operator=(const Op&) = delete;

  const char* name() const { return name_; }

  // Run `step` of phase 1; an exception becomes the recent error and the returned status.
  int guard(const std::function<void()>& step) const;

  // Run `read` for the parameter at `position`; an exception gets the parameter's name in its message.
  template <typename Read>
  auto read_argument(std::size_t position, Read read) const {
    try {
      return read();
    } catch (const c10::Error& error) {
      TORCH_CHECK(false, parameters_[position], " ", error.what_without_backtrace());
    }
  }

  // Counts the calls whose phase 1 succeeded.
  void count() const { calls_.fetch_add(1, std::memory_order_relaxed); }
  std::uint64_t calls() const { return calls_.load(std::memory_order_relaxed); }

 private:
  const char* name_;
  std::vector<const char*> parameters_;
  mutable std::atomic<std::uint64_t> calls_{0};
};

// All implemented ops.
const std::vector<const Op*>& implemented_ops();

}  // namespace softcann

// A call of an op: phase 1 creates it, phase 2 runs and destroys it.
struct aclOpExecutor {
  explicit aclOpExecutor(const softcann::Op& its_op) : op(its_op) {}
  virtual ~aclOpExecutor() = default;
  virtual void run() = 0;  // runs the body
  virtual softcann::Tensors outputs() const = 0;
  virtual std::optional<softcann::CubeMath> cube_math() const = 0;

  const softcann::Op& op;
  std::optional<softcann::OpFault> fault;
};

namespace softcann {

// The second half of phase 1, after the arguments are read: run the body's checks, which throw.
void plan(aclOpExecutor& call);

// Whether the body runs in phase 1 and must return here.
bool planned();

// Phase 1 of a function that the simulator does not implement.
int refuse_op(const char* symbol);

// Phase 2. A failure here ends the process with a message that names the op and the reason: see core/queue.h.
int execute(aclOpExecutor* executor);

}  // namespace softcann
