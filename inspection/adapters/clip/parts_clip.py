"""The bundled model as one of transformers': what is trained and saved. Its towers: `parts_towers`.

Importing this module registers it with transformers, so that `AutoModel.from_pretrained(folder)` and
`AutoConfig.from_pretrained(folder)` know `model_type: parts_clip` without any remote code.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import AutoConfig, AutoModel, PreTrainedConfig, PreTrainedModel
from transformers.models.clip.modeling_clip import CLIPOutput

from inspection.adapters.clip.checkpoint import PARTS_CLIP
from inspection.adapters.clip.parts_towers import ImageTower, PartsFeatures, Sizes, TextTower, init_weights


class PartsClipConfig(PreTrainedConfig):  # type: ignore[no-untyped-call]
    """`parts_towers.Sizes`, with those that a model has where nothing else is said."""

    model_type = PARTS_CLIP

    def __init__(
        self,
        image_size: int = 128,
        image_widths: tuple[int, ...] = (24, 40, 80, 160),
        image_layers: int = 2,
        image_heads: int = 4,
        cell_width: int = 96,
        projection_dim: int = 128,
        vocab_size: int = 24_000,
        word_width: int = 96,
        text_width: int = 160,
        text_layers: int = 3,
        text_heads: int = 4,
        max_position_embeddings: int = 32,
        logit_scale_init_value: float = 2.3,
        **kwargs: Any,
    ) -> None:
        self.image_size = image_size
        self.image_widths = tuple(image_widths)
        self.image_layers = image_layers
        self.image_heads = image_heads
        self.cell_width = cell_width
        self.projection_dim = projection_dim
        self.vocab_size = vocab_size
        self.word_width = word_width
        self.text_width = text_width
        self.text_layers = text_layers
        self.text_heads = text_heads
        self.max_position_embeddings = max_position_embeddings
        self.logit_scale_init_value = logit_scale_init_value
        super().__init__(**kwargs)


class PartsClipModel(PartsFeatures, PreTrainedModel):  # type: ignore[no-untyped-call]
    """Both towers in one space."""

    config: PartsClipConfig
    config_class = PartsClipConfig
    base_model_prefix = PARTS_CLIP
    main_input_name = "pixel_values"

    def __init__(self, config: PartsClipConfig) -> None:
        super().__init__(config)
        sizes = Sizes.of(config.to_dict())
        self.image = ImageTower(sizes)
        self.text = TextTower(sizes)
        self.logit_scale = nn.Parameter(torch.tensor(config.logit_scale_init_value))
        self.post_init()  # type: ignore[no-untyped-call]

    def _init_weights(self, module: nn.Module) -> None:
        init_weights(module)

    def forward(self, input_ids: Tensor, pixel_values: Tensor, attention_mask: Tensor | None = None) -> CLIPOutput:
        """As CLIP's: how well each of n pictures fits each of m phrases, (n, m), and the vectors of unit length."""
        images = functional.normalize(self.get_image_features(pixel_values), dim=1)
        texts = functional.normalize(self.get_text_features(input_ids, attention_mask), dim=1)
        fit = self.logit_scale.exp() * images @ texts.T
        return CLIPOutput(logits_per_image=fit, logits_per_text=fit.T, image_embeds=images, text_embeds=texts)


AutoConfig.register(PartsClipConfig.model_type, PartsClipConfig)
AutoModel.register(PartsClipConfig, PartsClipModel)
