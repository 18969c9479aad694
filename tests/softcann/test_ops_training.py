"""The ops of a training step: backward ops, foreach ops and AdamW."""

import pytest
import torch
import torch.nn.functional as F

from worlds.ops import NPU, allow_hf32, assert_same, calls, implemented, normal

FP32 = torch.float32


@pytest.fixture(autouse=True)
def _full_precision():
    with allow_hf32(conv=False, matmul=False):
        yield


def _gradients(function, tensors):
    leaves = [tensor.clone().requires_grad_() for tensor in tensors]
    function(*leaves).square().sum().backward()
    return [leaf.grad for leaf in leaves]


BACKWARD = {
    "aclnnConvolutionBackward": (lambda x, w, b: F.conv2d(x, w, b, 2, 1), [(2, 3, 8, 8), (6, 3, 3, 3), (6,)]),
    "aclnnEmbeddingDenseBackward": (
        lambda w: F.embedding(torch.tensor([[0, 2, 2]], device=w.device), w),
        [(4, 5)],
    ),
    "aclnnGeluBackward": (F.gelu, [(4, 5)]),
    "aclnnLayerNormBackward": (lambda x, w, b: F.layer_norm(x, (5,), w, b), [(3, 4, 5), (5,), (5,)]),
    "aclnnMseLossBackward": (F.mse_loss, [(4, 5), (4, 5)]),
    "aclnnSiluBackward": (F.silu, [(4, 5)]),
    "aclnnSoftmaxBackward": (lambda x: F.softmax(x, -1), [(3, 4, 5)]),
}


@pytest.mark.parametrize("op", BACKWARD)
def test_gradient_gives_the_cpus_numbers(op):
    function, shapes = BACKWARD[op]
    inputs = normal(*shapes)(FP32)
    before = calls(op)
    actual = _gradients(function, [tensor.to(NPU) for tensor in inputs])
    assert calls(op) > before
    assert_same(actual, _gradients(function, inputs), atol=1e-6, rtol=1e-6)


FOREACH = {
    "aclnnForeachAddListV2": lambda a, b, c: torch._foreach_add(a, b, alpha=2),
    "aclnnForeachAddScalarV2": lambda a, b, c: torch._foreach_add(a, 2.0),
    "aclnnForeachAddcdivScalarV2": lambda a, b, c: torch._foreach_addcdiv(a, b, c, 2.0),
    "aclnnForeachAddcmulScalarV2": lambda a, b, c: torch._foreach_addcmul(a, b, c, 2.0),
    "aclnnForeachDivScalarV2": lambda a, b, c: torch._foreach_div(a, 2.0),
    "aclnnForeachLerpScalar": lambda a, b, c: torch._foreach_lerp(a, b, 0.3),
    "aclnnForeachMaximumScalarV2": lambda a, b, c: torch._foreach_maximum(a, 0.5),
    "aclnnForeachMulScalarV2": lambda a, b, c: torch._foreach_mul(a, 2.0),
    "aclnnForeachNorm": lambda a, b, c: torch._foreach_norm(a, 2.0),
    "aclnnForeachSubListV2": lambda a, b, c: torch._foreach_sub(a, b, alpha=2),
    "aclnnForeachSubScalarV2": lambda a, b, c: torch._foreach_sub(a, 2.0),
}


@pytest.mark.parametrize("op", FOREACH)
def test_foreach_gives_the_cpus_numbers(op):
    lists = [
        normal((4, 5), (3,))(FP32),
        normal((4, 5), (3,))(FP32),
        [t.abs() + 1 for t in normal((4, 5), (3,))(FP32)],
    ]
    before = calls(op)
    actual = FOREACH[op](*([tensor.to(NPU) for tensor in tensors] for tensors in lists))
    assert calls(op) > before
    assert_same(actual, FOREACH[op](*lists), atol=1e-6, rtol=1e-6)


def _train(device, optimizer, **options):
    torch.manual_seed(0)
    model = torch.nn.Sequential(
        torch.nn.Linear(5, 8), torch.nn.GELU(), torch.nn.LayerNorm(8), torch.nn.Linear(8, 3)
    )
    model = model.to(device)
    steps = optimizer(model.parameters(), lr=1e-2, **options)
    x, y = (tensor.to(device) for tensor in normal((16, 5), (16, 3))(FP32))
    losses = []
    for _ in range(5):
        steps.zero_grad()
        loss = F.mse_loss(model(x), y)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        steps.step()
        losses.append(loss.item())
    return losses, [parameter.detach().cpu() for parameter in model.parameters()]


@pytest.mark.parametrize(
    ("optimizer", "options"),
    [
        (torch.optim.SGD, {"momentum": 0.9}),
        (torch.optim.AdamW, {}),
        (torch.optim.AdamW, {"foreach": True}),
        (torch.optim.AdamW, {"fused": True, "weight_decay": 0.1}),
    ],
    ids=["sgd", "adamw", "adamw-foreach", "adamw-fused"],
)
def test_five_steps_end_where_the_cpus_end(optimizer, options):
    before = calls("aclnnApplyAdamWV2")
    losses, weights = _train(NPU, optimizer, **options)
    assert (calls("aclnnApplyAdamWV2") > before) == options.get("fused", False)
    expected_losses, expected_weights = _train("cpu", optimizer, **options)
    torch.testing.assert_close(losses, expected_losses, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(weights, expected_weights, atol=2e-5, rtol=1e-4)
    assert losses[-1] < losses[0]


def test_every_training_op_is_implemented():
    assert {*BACKWARD, *FOREACH, "aclnnApplyAdamWV2"} <= set(implemented())
