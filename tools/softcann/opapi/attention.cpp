// Fused attention on ATen's CPU kernel, so that float32 results equal those of the model on the CPU bit for
// bit.
#include <ATen/ATen.h>

#include <limits>

#include "opapi/op.h"

namespace softcann {
namespace {

// The order of batch (B), sequence (S), heads (N) and head size (D) in memory; H is N times D.
class Layout {
 public:
  Layout(const Text& name, std::int64_t heads) : name_(name), heads_(heads) {
    TORCH_CHECK(name == "BNSD" || name == "BSND" || name == "BSH" || name == "SBH", "input layout ", name,
                " is not supported");
  }

  // The view [B, N, S, D] of a tensor; the number of heads follows from its width.
  Tensor split(const Tensor& tensor, std::int64_t head_size) const {
    TORCH_CHECK(tensor.dim() == (flat() ? 3 : 4), "a tensor of layout ", name_, " has ", tensor.dim(),
                " dimensions");
    if (name_ == "BNSD") return tensor;
    if (name_ == "BSND") return tensor.transpose(1, 2);
    const auto by_head = tensor.unflatten(2, {-1, head_size});
    return name_ == "BSH" ? by_head.transpose(1, 2) : by_head.permute({1, 2, 0, 3});
  }

  // The inverse of `split`.
  Tensor merge(const Tensor& tensor) const {
    if (name_ == "BNSD") return tensor;
    if (name_ == "BSND") return tensor.transpose(1, 2);
    return (name_ == "BSH" ? tensor.transpose(1, 2) : tensor.permute({2, 0, 1, 3})).flatten(2);
  }

  std::int64_t head_size(const Tensor& query) const {
    const auto width = query.size(-1);
    TORCH_CHECK(heads_ > 0 && width % (flat() ? heads_ : 1) == 0, "the width ", width,
                " is not a multiple of the number of heads, ", heads_);
    return flat() ? width / heads_ : width;
  }

 private:
  bool flat() const { return name_ == "BSH" || name_ == "SBH"; }
  Text name_;
  std::int64_t heads_;
};

struct Heads {  // [B, N, S, D] each
  Tensor query, key, value;
};

Heads split_heads(const Layout& layout, const Tensor& query, const Tensor& key, const Tensor& value) {
  const auto size = layout.head_size(query);
  Heads heads{layout.split(query, size), layout.split(key, size), layout.split(value, size)};
  TORCH_CHECK(heads.key.sizes() == heads.value.sizes(), "key and value differ in shape");
  TORCH_CHECK(heads.key.size(0) == heads.query.size(0) && heads.key.size(3) == heads.query.size(3),
              "query and key differ in batch or head size");
  TORCH_CHECK(heads.query.size(1) % heads.key.size(1) == 0, "the number of query heads, ",
              heads.query.size(1), ", is not a multiple of the number of key heads, ", heads.key.size(1));
  return heads;
}

// Copy each shared key head, so that every query head has its own.
void repeat_shared_heads(Heads& heads) {
  const auto group = heads.query.size(1) / heads.key.size(1);
  if (group == 1) return;
  heads.key = heads.key.repeat_interleave(group, 1);
  heads.value = heads.value.repeat_interleave(group, 1);
}

struct Masking {
  bool causal = false;  // as in ATen: from the upper left corner
  OptionalTensor bias;  // 0 where a query may attend, minus infinity elsewhere
};

Tensor bias_of(const Tensor& hidden, const Tensor& like) {
  return at::zeros(hidden.sizes(), like.options())
      .masked_fill_(hidden, -std::numeric_limits<double>::infinity());
}

// sparse_mode: 0 and 1 take the mask as it is (1 hides an element); 2 is causal from the upper left corner
// and 3 from the lower right one, where the mask is a constant triangle that need not be read.
void check_masking(const Heads& heads, const OptionalTensor& mask, std::int64_t sparse_mode,
                   std::int64_t pre_tokens, std::int64_t next_tokens) {
  const auto queries = heads.query.size(2);
  const auto keys = heads.key.size(2);
  TORCH_CHECK(sparse_mode >= 0 && sparse_mode <= 3, "sparse_mode ", sparse_mode, " is not supported");
  TORCH_CHECK(sparse_mode == 0 || mask, "sparse_mode ", sparse_mode, " needs atten_mask");
  TORCH_CHECK(sparse_mode != 0 || (pre_tokens >= queries && next_tokens >= keys),
              "a band of pre_tokens and next_tokens is not supported");
  if (sparse_mode > 1 || !mask) return;
  const Shape whole{heads.query.size(0), heads.query.size(1), queries, keys};
  TORCH_CHECK(broadcast(mask->sizes(), whole) == whole, "atten_mask of shape ", mask->sizes(), " for ",
              whole);
}

Masking masking(const Heads& heads, const OptionalTensor& mask, std::int64_t sparse_mode) {
  const auto queries = heads.query.size(2);
  const auto keys = heads.key.size(2);
  if (sparse_mode == 2 || (sparse_mode == 3 && queries == keys)) return {true, std::nullopt};
  if (sparse_mode == 3) {
    const auto all = at::ones({queries, keys}, heads.query.options().dtype(at::kBool));
    return {false, bias_of(all.triu(1 + keys - queries), heads.query)};
  }
  if (!mask) return {};
  return {false, bias_of(mask->to(at::kBool), heads.query)};
}

bool given(const OptionalTensor& tensor) { return tensor && tensor->numel() > 0; }

void refuse_unsupported(const OptionalTensor& pse, const OptionalTensor& drop_mask,
                        const OptionalTensor& padding_mask, at::IntArrayRef prefix, double keep_probability) {
  TORCH_CHECK(!given(pse), "a position bias (pse) is not supported");
  TORCH_CHECK(!given(drop_mask) && keep_probability == 1, "dropout is not supported");
  TORCH_CHECK(!given(padding_mask) && prefix.empty(), "padding_mask and prefix are not supported");
}

void fill_statistic(OptionalTensor& out, const Tensor& statistic) {
  if (given(out)) put(*out, statistic.unsqueeze(-1).expand(out->sizes()));
}

}  // namespace

// softmax_max is the logarithm of each row's sum of exponentials, and softmax_sum is 1: ATen's kernel returns
// only that logarithm, and the gradient needs no more. On the chip they are the maximum and the sum.
OP(aclnnFlashAttentionScore, (Tensor, query), (Tensor, key), (Tensor, value), (OptionalTensor, pse),
   (OptionalTensor, drop_mask), (OptionalTensor, padding_mask), (OptionalTensor, atten_mask),
   (IntArray, prefix), (double, scale), (double, keep_probability), (std::int64_t, pre_tokens),
   (std::int64_t, next_tokens), (std::int64_t, head_count), (Text, input_layout),
   (std::int64_t, inner_precise), (std::int64_t, sparse_mode), (OptionalOut, softmax_max),
   (OptionalOut, softmax_sum), (OptionalOut, softmax_out), (Out, attention_out)) {
  refuse_unsupported(pse, drop_mask, padding_mask, prefix, keep_probability);
  const Layout layout(input_layout, head_count);
  auto heads = split_heads(layout, query, key, value);
  check_masking(heads, atten_mask, sparse_mode, pre_tokens, next_tokens);
  if (planned(attention_out, query.sizes())) return;
  repeat_shared_heads(heads);
  const auto masked = masking(heads, atten_mask, sparse_mode);
  const auto [result, log_sum_exp] = at::_scaled_dot_product_flash_attention_for_cpu(
      heads.query, heads.key, heads.value, 0.0, masked.causal, masked.bias, scale);
  put(attention_out, layout.merge(result));
  fill_statistic(softmax_max, log_sum_exp);
  if (given(softmax_sum)) softmax_sum->fill_(1);
}

OP(aclnnFlashAttentionScoreGrad, (Tensor, query), (Tensor, key), (Tensor, value), (Tensor, gradient),
   (OptionalTensor, pse), (OptionalTensor, drop_mask), (OptionalTensor, padding_mask),
   (OptionalTensor, atten_mask), (OptionalTensor, softmax_max), (OptionalTensor, softmax_sum),
   (OptionalTensor, softmax_in), (OptionalTensor, attention_in), (IntArray, prefix), (double, scale),
   (double, keep_probability), (std::int64_t, pre_tokens), (std::int64_t, next_tokens),
   (std::int64_t, head_count), (Text, input_layout), (std::int64_t, inner_precise),
   (std::int64_t, sparse_mode), (Out, query_gradient), (Out, key_gradient), (Out, value_gradient),
   (OptionalOut, pse_gradient)) {
  refuse_unsupported(pse, drop_mask, padding_mask, prefix, keep_probability);
  TORCH_CHECK(given(softmax_max) && given(softmax_sum) && given(attention_in),
              "softmax_max, softmax_sum and attention_in must be given");
  const Layout layout(input_layout, head_count);
  const auto heads = split_heads(layout, query, key, value);
  TORCH_CHECK(heads.query.size(1) == heads.key.size(1), "the gradient of shared key heads is not supported");
  check_masking(heads, atten_mask, sparse_mode, pre_tokens, next_tokens);
  if (planned(query_gradient, query.sizes())) return;
  const auto masked = masking(heads, atten_mask, sparse_mode);
  const auto size = heads.query.size(3);
  const auto log_sum_exp = (softmax_max->select(-1, 0) + softmax_sum->select(-1, 0).log());
  const auto [to_query, to_key, to_value] = at::_scaled_dot_product_flash_attention_for_cpu_backward(
      layout.split(gradient, size), heads.query, heads.key, heads.value, layout.split(*attention_in, size),
      log_sum_exp, 0.0, masked.causal, masked.bias, scale);
  put(query_gradient, layout.merge(to_query));
  put(key_gradient, layout.merge(to_key));
  put(value_gradient, layout.merge(to_value));
}

}  // namespace softcann
