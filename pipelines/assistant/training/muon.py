"""Muon (Jordan et al. 2024): momentum whose matrix updates are orthogonalised; Adam for embeddings and norms.

It reaches the same loss in far fewer steps than AdamW alone on models of this size, for a tenth more work a step.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

ADAM_BETAS, ADAM_EPSILON, MOMENTUM = (0.9, 0.98), 1e-9, 0.95


def orthogonalise(update: Tensor, steps: int = 5) -> Tensor:
    """Newton-Schulz iteration towards the nearest matrix with singular values near one."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = update.to(torch.bfloat16)
    tall = x.shape[0] > x.shape[1]
    x = x.t() if tall else x
    x = (x / (x.norm() + 1e-7)).contiguous()
    for _ in range(steps):
        gram = x @ x.t()
        x = a * x + (b * gram + c * (gram @ gram)) @ x
    return (x.t() if tall else x).float()


class Muon:
    def __init__(self, model: nn.Module, matrix_rate: float, other_rate: float, weight_decay: float):
        self.matrix_rate, self.other_rate, self.weight_decay = matrix_rate, other_rate, weight_decay
        self.matrices = [(n, p) for n, p in model.named_parameters() if p.ndim == 2 and not n.startswith("embedding.")]
        self.others = [p for n, p in model.named_parameters() if p.ndim != 2 or n.startswith("embedding.")]
        self.momentum = [torch.zeros_like(p) for _, p in self.matrices]
        self.adam = torch.optim.Adam(self.others, lr=other_rate, betas=ADAM_BETAS, eps=ADAM_EPSILON)

    def zero_grad(self) -> None:
        for p in self.others + [p for _, p in self.matrices]:
            p.grad = None

    @torch.no_grad()
    def step(self, scale: float) -> None:
        """One update, its learning rates scaled by the schedule."""
        for group in self.adam.param_groups:
            group["lr"] = self.other_rate * scale
        self.adam.step()
        for (name, p), momentum in zip(self.matrices, self.momentum):
            momentum.lerp_(p.grad, 1 - MOMENTUM)
            update = p.grad.lerp(momentum, MOMENTUM)
            fused = 3 if ".qkv." in name else 1
            rate = self.matrix_rate * scale
            p.mul_(1 - rate * self.weight_decay)
            for part, target in zip(update.chunk(fused), p.chunk(fused)):
                target.add_(orthogonalise(part), alpha=-rate * max(1.0, part.shape[0] / part.shape[1]) ** 0.5)

    def state_dict(self) -> dict:
        return {"momentum": self.momentum, "adam": self.adam.state_dict()}

    def load_state_dict(self, state: dict) -> None:
        for own, saved in zip(self.momentum, state["momentum"]):
            own.copy_(saved)
        self.adam.load_state_dict(state["adam"])
