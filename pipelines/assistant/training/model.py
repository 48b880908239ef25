"""A Llama decoder, small enough to train on one CPU core: RMSNorm, rotary positions, SwiGLU, tied embeddings.

Matrix products run in bfloat16 (twice as fast where the CPU has AVX-512 BF16) over float32 weights and residuals.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass
class Shape:
    vocabulary: int
    width: int
    layers: int
    heads: int
    feed_forward: int
    context: int = 512
    rope_base: float = 10000.0
    norm_epsilon: float = 1e-5

    as_dict = asdict


class RMSNorm(nn.Module):
    def __init__(self, width: int, epsilon: float):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.epsilon = epsilon

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.epsilon) * self.weight


class Linear(nn.Module):
    dtype = torch.bfloat16

    def __init__(self, inputs: int, outputs: int, gain: float = 1.0):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) * gain / math.sqrt(inputs))

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x.to(self.dtype), self.weight.to(self.dtype))


class Embedding(nn.Module):
    """A vector a piece, as the sum of its own, one shared by the forms that differ in case or leading space only, and
    one for each such form: "Jazz", " jazz" and "jazz" start as relatives. Exported as the plain table of sums."""

    def __init__(self, pieces: list[str], width: int):
        super().__init__()
        bare = [p.lstrip("\u2581").lower() or p for p in pieces]
        stems = {stem: i for i, stem in enumerate(dict.fromkeys(bare))}
        forms = [2 * p.startswith("\u2581") + any(c.isupper() for c in p) for p in pieces]
        self.register_buffer("stem_of", torch.tensor([stems[b] for b in bare]), persistent=False)
        self.register_buffer("form_of", torch.tensor(forms), persistent=False)
        self.own = nn.Parameter(torch.randn(len(pieces), width) * 0.014)
        self.stem = nn.Parameter(torch.randn(len(stems), width) * 0.014)
        self.form = nn.Parameter(torch.zeros(4, width))

    def table(self) -> Tensor:
        return self.own + self.stem[self.stem_of] + self.form[self.form_of]


def rotary(length: int, size: int, base: float) -> tuple[Tensor, Tensor]:
    angles = torch.outer(torch.arange(length).float(), base ** (-torch.arange(0, size, 2).float() / size))
    return angles.cos()[None, :, None, :], angles.sin()[None, :, None, :]


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turns the halves of each head against each other (the export reorders rows for Llama's neighbouring pairs)."""
    a, b = x.chunk(2, -1)
    return torch.cat((a * cos - b * sin, a * sin + b * cos), -1)


class SwiGLU(torch.autograd.Function):
    """silu(gate) * up with a backward pass that is several times faster on a CPU than autograd's in bfloat16."""

    @staticmethod
    def forward(ctx, gate: Tensor, up: Tensor) -> Tensor:
        gate = gate.float()
        sigmoid = torch.sigmoid(gate)
        silu = gate.mul_(sigmoid)
        ctx.save_for_backward(sigmoid, silu, up)
        return (silu * up).to(up.dtype)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, Tensor]:
        sigmoid, silu, up = ctx.saved_tensors
        for_up = (gradient * silu).to(up.dtype)
        slope = (1 - sigmoid).mul_(silu).add_(sigmoid)
        return slope.mul_(gradient).mul_(up).to(up.dtype), for_up


class Block(nn.Module):
    def __init__(self, shape: Shape):
        super().__init__()
        d, f, residual_gain = shape.width, shape.feed_forward, 1 / math.sqrt(2 * shape.layers)
        self.heads = shape.heads
        self.attention_norm = RMSNorm(d, shape.norm_epsilon)
        self.qkv = Linear(d, 3 * d)
        self.out = Linear(d, d, residual_gain)
        self.feed_forward_norm = RMSNorm(d, shape.norm_epsilon)
        self.gate = Linear(d, f)
        self.up = Linear(d, f)
        self.down = Linear(f, d, residual_gain)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, mask: Tensor, drop) -> Tensor:
        batch, length, d = x.shape
        q, k, v = self.qkv(self.attention_norm(x)).view(batch, length, 3, self.heads, -1).float().unbind(2)
        q, k, v = (self.by_head(part) for part in (rotate(q, cos, sin), rotate(k, cos, sin), v))
        scores = torch.bmm(q, k.transpose(1, 2)).float().mul_(1 / math.sqrt(q.shape[-1])).add_(mask)
        mixed = torch.bmm(torch.softmax(scores, -1).to(Linear.dtype), v)
        mixed = mixed.view(batch, self.heads, length, -1).transpose(1, 2).reshape(batch, length, d)
        x = x + drop(self.out(mixed).float())
        normed = self.feed_forward_norm(x).to(Linear.dtype)
        return x + drop(self.down(SwiGLU.apply(self.gate(normed), self.up(normed))).float())

    @staticmethod
    def by_head(x: Tensor) -> Tensor:
        return x.transpose(1, 2).to(Linear.dtype).contiguous().flatten(0, 1)


class Llama(nn.Module):
    def __init__(self, shape: Shape, pieces: list[str], dropout: float = 0.0):
        super().__init__()
        self.shape, self.dropout = shape, dropout
        self.embedding = Embedding(pieces, shape.width)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.norm = RMSNorm(shape.width, shape.norm_epsilon)

    def parameter_count(self) -> int:
        """As exported: the embedding is one table."""
        inner = sum(p.numel() for name, p in self.named_parameters() if not name.startswith("embedding."))
        return inner + self.shape.vocabulary * self.shape.width

    def drop(self, x: Tensor) -> Tensor:
        """Dropout with one mask for all positions of a sequence."""
        if not self.training or self.dropout == 0:
            return x
        keep = 1 - self.dropout
        return x * torch.empty(x.shape[0], 1, x.shape[2]).bernoulli_(keep).div_(keep)

    def forward(self, ids: Tensor, where: Tensor | None = None) -> Tensor:
        """Logits for the positions that the mask `where` selects (all, without)."""
        length = ids.shape[1]
        table = self.embedding.table()
        x = self.drop(F.embedding(ids, table))
        cos, sin = rotary(length, self.shape.width // self.shape.heads, self.shape.rope_base)
        mask = torch.full((length, length), float("-inf")).triu(1)
        for block in self.blocks:
            x = block(x, cos, sin, mask, self.drop)
        x = x[where] if where is not None else x
        return F.linear(self.norm(x).to(Linear.dtype), table.to(Linear.dtype)).float()
