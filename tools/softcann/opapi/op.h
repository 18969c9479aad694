// How an op is written:
//
//   OP(aclnnAdd, (Tensor, self), (Tensor, other), (Scalar, alpha), (Out, out)) {
//     if (planned(out, broadcast(self, other))) return;
//     at::add_out(out, self, other, alpha);
//   }
//
// It exports aclnnAddGetWorkspaceSize (phase 1, on the caller's thread) and aclnnAdd (phase 2, on torch_npu's
// queue thread) and adds the op to the table. Both phases run the body. The body first checks its arguments;
// the last check is `planned`. In phase 1 it returns true and the body ends there, so that torch_npu can
// still raise an error. In phase 2 it returns false.
#pragma once

#include <memory>
#include <tuple>
#include <utility>

#include "acl/acl_rt.h"
#include "core/export.h"
#include "opapi/arguments.h"
#include "opapi/executor.h"
#include "opapi/result_shape.h"

namespace softcann {

template <typename... Tags>
class Call final : public aclOpExecutor {
 public:
  using Body = void (*)(typename Argument<Tags>::Passed...);
  using Values = std::tuple<typename Argument<Tags>::Value...>;

  Call(const Op& op, Body body, Values values) : aclOpExecutor(op), body_(body), values_(std::move(values)) {}

  void run() override { std::apply(body_, values_); }

  Tensors outputs() const override {
    Tensors all;
    std::apply([&](const auto&... value) { (Argument<Tags>::outputs(all, value), ...); }, values_);
    return all;
  }

  std::optional<CubeMath> cube_math() const override {
    std::optional<CubeMath> math;
    const auto look = [&](const auto& value) {
      if constexpr (std::is_same_v<std::decay_t<decltype(value)>, CubeMath>) math = value;
    };
    std::apply([&](const auto&... value) { (look(value), ...); }, values_);
    return math;
  }

 private:
  Body body_;
  Values values_;
};

// Phase 1 of `op`.
template <typename... Tags>
int prepare(const Op& op, typename Call<Tags...>::Body body, std::uint64_t* workspace_size,
            aclOpExecutor** executor, typename Argument<Tags>::Abi... arguments) {
  using ThisCall = Call<Tags...>;
  return op.guard([&] {
    TORCH_CHECK(workspace_size && executor, "workspaceSize and executor must not be null");
    auto values = [&]<std::size_t... I>(std::index_sequence<I...>) {
      return
          typename ThisCall::Values{op.read_argument(I, [&] { return Argument<Tags>::read(arguments); })...};
    }(std::index_sequence_for<Tags...>{});
    auto call = std::make_unique<ThisCall>(op, body, std::move(values));
    plan(*call);
    *workspace_size = 0;
    *executor = call.release();
  });
}

}  // namespace softcann

// EACH(M, (a, b), (c, d)) is M(a, b), M(c, d).
#define SOFTCANN_EXPAND(...) SOFTCANN_EXPAND3(SOFTCANN_EXPAND3(SOFTCANN_EXPAND3(__VA_ARGS__)))
#define SOFTCANN_EXPAND3(...) SOFTCANN_EXPAND2(SOFTCANN_EXPAND2(SOFTCANN_EXPAND2(__VA_ARGS__)))
#define SOFTCANN_EXPAND2(...) SOFTCANN_EXPAND1(SOFTCANN_EXPAND1(SOFTCANN_EXPAND1(__VA_ARGS__)))
#define SOFTCANN_EXPAND1(...) __VA_ARGS__
#define SOFTCANN_PARENTHESES ()
#define SOFTCANN_EACH(MACRO, ...) __VA_OPT__(SOFTCANN_EXPAND(SOFTCANN_EACH_STEP(MACRO, __VA_ARGS__)))
#define SOFTCANN_EACH_STEP(MACRO, FIRST, ...) \
  MACRO FIRST __VA_OPT__(, SOFTCANN_EACH_AGAIN SOFTCANN_PARENTHESES(MACRO, __VA_ARGS__))
#define SOFTCANN_EACH_AGAIN() SOFTCANN_EACH_STEP

#define SOFTCANN_TAG(TAG, NAME) TAG
#define SOFTCANN_NAME(TAG, NAME) NAME
#define SOFTCANN_QUOTED_NAME(TAG, NAME) #NAME
#define SOFTCANN_ABI(TAG, NAME) softcann::Argument<TAG>::Abi NAME
#define SOFTCANN_PASSED(TAG, NAME) [[maybe_unused]] softcann::Argument<TAG>::Passed NAME

// clang-format off
#define OP(SYMBOL, ...)                                                                                      \
  static void SYMBOL##Body(SOFTCANN_EACH(SOFTCANN_PASSED, __VA_ARGS__));                                     \
  static const softcann::Op SYMBOL##Op(#SYMBOL, {SOFTCANN_EACH(SOFTCANN_QUOTED_NAME, __VA_ARGS__)});         \
  SOFTCANN_C int SYMBOL##GetWorkspaceSize(SOFTCANN_EACH(SOFTCANN_ABI, __VA_ARGS__),                          \
                                          std::uint64_t* workspaceSize, aclOpExecutor** executor) {          \
    return softcann::prepare<SOFTCANN_EACH(SOFTCANN_TAG, __VA_ARGS__)>(                                      \
        SYMBOL##Op, SYMBOL##Body, workspaceSize, executor, SOFTCANN_EACH(SOFTCANN_NAME, __VA_ARGS__));       \
  }                                                                                                          \
  SOFTCANN_C int SYMBOL(void*, std::uint64_t, aclOpExecutor* executor, aclrtStream) {                        \
    return softcann::execute(executor);                                                                      \
  }                                                                                                          \
  static void SYMBOL##Body(SOFTCANN_EACH(SOFTCANN_PASSED, __VA_ARGS__))
// clang-format on
