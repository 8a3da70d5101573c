"""SD-Turbo through diffusers behind the port `Renderer`, with what the catalogue lends it.

Sauer et al. 2023, "Adversarial diffusion distillation": a Stable Diffusion 2.1 that draws in one to
four steps. Its weights are not ours: see ``docs/adr/0010-sd-turbo-behind-the-same-port.md``.
"""
