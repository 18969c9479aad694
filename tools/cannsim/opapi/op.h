// How an op is written:
//
//   OP(aclnnAdd, (Tensor, self), (Tensor, other), (Scalar, alpha), (Out, out)) {
//     at::add_out(out, self, other, alpha);
//   }
//
// It exports aclnnAddGetWorkspaceSize (phase 1) and aclnnAdd (phase 2) and enters the op in the table.
// Phase 1 turns the arguments into values, and runs the body once on tensors without memory: whatever ATen and
// `put` check of shapes and types is checked there, where torch_npu still raises. Phase 2 runs the body on the
// device memory, on torch_npu's queue thread. A body must therefore allocate with the options of its arguments,
// and return early (`if (out.is_meta()) return;`) before anything that needs values.
#pragma once

#include <memory>
#include <tuple>
#include <utility>

#include "acl/acl_rt.h"
#include "core/export.h"
#include "opapi/arguments.h"
#include "opapi/executor.h"

namespace cannsim {

// Write `result` to `out`, which must have its shape already: `copy_` alone would broadcast.
void put(Tensor& out, const Tensor& result);

template <typename... Tags>
class Call final : public aclOpExecutor {
 public:
  using Body = void (*)(typename Argument<Tags>::Passed...);
  using Values = std::tuple<typename Argument<Tags>::Value...>;

  Call(const Op& op, Body body, Values values) : aclOpExecutor(op), body_(body), values_(std::move(values)) {}

  void run() override { std::apply(body_, values_); }

  void plan() override {
    auto stand_ins = each([](auto tag, const auto& value) { return decltype(tag)::plan(value); });
    std::apply(body_, stand_ins);
    check_outputs(outputs_of(stand_ins));
  }

  Tensors outputs() const override { return outputs_of(values_); }

  Signature signature() const override {
    Signature signature;
    std::apply([&](const auto&... value) { (Argument<Tags>::sign(signature, value), ...); }, values_);
    return signature;
  }

  std::optional<CubeMath> cube_math() const override {
    std::optional<CubeMath> found;
    each([&](auto, const auto& value) {
      if constexpr (std::is_same_v<std::decay_t<decltype(value)>, CubeMath>) found = value;
      return 0;
    });
    return found;
  }

 private:
  template <typename Function>
  auto each(Function function) const {
    return std::apply(
        [&](const auto&... value) { return std::tuple{function(Argument<Tags>{}, value)...}; }, values_);
  }

  static Tensors outputs_of(const Values& values) {
    Tensors all;
    std::apply([&](const auto&... value) { (Argument<Tags>::outputs(all, value), ...); }, values);
    return all;
  }

  Body body_;
  Values values_;
};

// Phase 1 of `op`.
template <typename... Tags>
int prepare(const Op& op, typename Call<Tags...>::Body body, std::uint64_t* workspace_size, aclOpExecutor** executor,
            typename Argument<Tags>::Abi... arguments) {
  using ThisCall = Call<Tags...>;
  return op.guard([&] {
    TORCH_CHECK(workspace_size && executor, "workspaceSize and executor must not be null");
    auto values = [&]<std::size_t... I>(std::index_sequence<I...>) {
      return typename ThisCall::Values{op.read_argument(I, [&] { return Argument<Tags>::read(arguments); })...};
    }(std::index_sequence_for<Tags...>{});
    auto call = std::make_unique<ThisCall>(op, body, std::move(values));
    check_and_count(*call);
    *workspace_size = 0;
    *executor = call.release();
  });
}

}  // namespace cannsim

// EACH(M, (a, b), (c, d)) is M(a, b), M(c, d).
#define CANNSIM_EXPAND(...) CANNSIM_EXPAND3(CANNSIM_EXPAND3(CANNSIM_EXPAND3(__VA_ARGS__)))
#define CANNSIM_EXPAND3(...) CANNSIM_EXPAND2(CANNSIM_EXPAND2(CANNSIM_EXPAND2(__VA_ARGS__)))
#define CANNSIM_EXPAND2(...) CANNSIM_EXPAND1(CANNSIM_EXPAND1(CANNSIM_EXPAND1(__VA_ARGS__)))
#define CANNSIM_EXPAND1(...) __VA_ARGS__
#define CANNSIM_PARENTHESES ()
#define CANNSIM_EACH(MACRO, ...) __VA_OPT__(CANNSIM_EXPAND(CANNSIM_EACH_STEP(MACRO, __VA_ARGS__)))
#define CANNSIM_EACH_STEP(MACRO, FIRST, ...) \
  MACRO FIRST __VA_OPT__(, CANNSIM_EACH_AGAIN CANNSIM_PARENTHESES(MACRO, __VA_ARGS__))
#define CANNSIM_EACH_AGAIN() CANNSIM_EACH_STEP

#define CANNSIM_TAG(TAG, NAME) TAG
#define CANNSIM_NAME(TAG, NAME) NAME
#define CANNSIM_QUOTED_NAME(TAG, NAME) #NAME
#define CANNSIM_ABI(TAG, NAME) cannsim::Argument<TAG>::Abi NAME
#define CANNSIM_PASSED(TAG, NAME) [[maybe_unused]] cannsim::Argument<TAG>::Passed NAME

// clang-format off
#define OP(SYMBOL, ...)                                                                                      \
  static void SYMBOL##Body(CANNSIM_EACH(CANNSIM_PASSED, __VA_ARGS__));                                       \
  static const cannsim::Op SYMBOL##Op(#SYMBOL, {CANNSIM_EACH(CANNSIM_QUOTED_NAME, __VA_ARGS__)});            \
  CANNSIM_C int SYMBOL##GetWorkspaceSize(CANNSIM_EACH(CANNSIM_ABI, __VA_ARGS__),                             \
                                         std::uint64_t* workspaceSize, aclOpExecutor** executor) {           \
    return cannsim::prepare<CANNSIM_EACH(CANNSIM_TAG, __VA_ARGS__)>(SYMBOL##Op, SYMBOL##Body, workspaceSize, \
                                                                    executor,                                \
                                                                    CANNSIM_EACH(CANNSIM_NAME, __VA_ARGS__)); \
  }                                                                                                          \
  CANNSIM_C int SYMBOL(void*, std::uint64_t, aclOpExecutor* executor, aclrtStream) {                         \
    return cannsim::execute(executor);                                                                       \
  }                                                                                                          \
  static void SYMBOL##Body(CANNSIM_EACH(CANNSIM_PASSED, __VA_ARGS__))
// clang-format on
