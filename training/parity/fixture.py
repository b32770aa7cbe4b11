"""Writes what Diffusers and Transformers make of tiny checkpoints, for the parity test of `crates/engines/src/diffusion`:
python fixture.py crates/engines/tests/data/diffusion

The weights are not kept: a formula on each tensor's name gives the same ones here and in the test (`weight` below)."""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL, EulerAncestralDiscreteScheduler, EulerDiscreteScheduler, UNet2DConditionModel
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

OUT = Path(sys.argv[1])


def numbers(name: str, count: int) -> np.ndarray:
    """Uniform from -1 to 1, from a hash of the name and the place."""
    seed = np.uint32(2166136261)
    with np.errstate(over="ignore"):
        for byte in name.encode():
            seed = np.uint32((seed ^ np.uint32(byte)) * np.uint32(16777619))
        x = np.arange(count, dtype=np.uint32) * np.uint32(0x9E3779B1) ^ seed
        x = (x ^ (x >> np.uint32(16))) * np.uint32(0x85EBCA6B)
        x = (x ^ (x >> np.uint32(13))) * np.uint32(0xC2B2AE35)
        x = x ^ (x >> np.uint32(16))
    return x.astype(np.float64) / 2147483648.0 - 1.0


def weight(name: str, shape) -> torch.Tensor:
    count = int(np.prod(shape))
    values = numbers(name, count)
    if len(shape) == 1:
        values = (1.0 if name.endswith(".weight") else 0.0) + 0.1 * values
    else:
        values = values * np.sqrt(2.0 / np.prod(shape[1:]))
    return torch.from_numpy(values.astype(np.float32)).reshape(tuple(shape))


def normal(name: str, shape) -> torch.Tensor:
    """Noise: the sum of twelve uniform numbers is near enough to a normal one."""
    count = int(np.prod(shape))
    sums = sum(numbers(f"{name}{turn}", count) for turn in range(12)) / 2.0
    return torch.from_numpy(sums.astype(np.float32)).reshape(tuple(shape))


def filled(model):
    state = {name: weight(name, tensor.shape) if tensor.is_floating_point() else tensor for name, tensor in model.state_dict().items()}
    model.load_state_dict(state)
    return model.eval()


def shapes(model):
    return {name: list(tensor.shape) for name, tensor in model.state_dict().items() if tensor.is_floating_point()}


def tiny_text(width, projection=None, activation="quick_gelu"):
    config = CLIPTextConfig(vocab_size=60, hidden_size=width, intermediate_size=width * 2, num_hidden_layers=3, num_attention_heads=2,
                            max_position_embeddings=16, hidden_act=activation, projection_dim=projection or width, bos_token_id=58, eos_token_id=59, pad_token_id=59)
    return filled((CLIPTextModelWithProjection if projection else CLIPTextModel)(config))


def one(name, texts, unet_options, vae, scheduler, guidance, steps):
    unet = filled(UNet2DConditionModel(sample_size=8, in_channels=4, out_channels=4, block_out_channels=(32, 64), layers_per_block=1, norm_num_groups=16, **unet_options))
    ids = torch.tensor([[58, 7, 21, 33, 59, 59, 59, 59], [58, 59, 59, 59, 59, 59, 59, 59]])
    ends = [4, 1]
    made = {}
    with torch.no_grad():
        said = []
        for number, text in enumerate(texts):
            out = text(ids, output_hidden_states=True)
            said.append(out)
            made[f"text_{number}"] = (out.hidden_states[-2] if len(texts) == 2 else out.last_hidden_state).clone()
        if len(texts) == 2:
            words = torch.cat([out.hidden_states[-2] for out in said], -1)
            pooled = said[1].text_embeds
            made["pooled"] = pooled.clone()
            extra = {"text_embeds": pooled, "time_ids": torch.tensor([[16.0, 16.0, 0, 0, 16.0, 16.0]] * 2)}
        else:
            words, extra = said[0].last_hidden_state, None
        latents = normal("latents", (2, 4, 8, 8))
        made["unet"] = unet(latents, 417.0, words, added_cond_kwargs=extra).sample
        picture = torch.from_numpy(numbers("picture", 3 * 16 * 16).astype(np.float32)).reshape(1, 3, 16, 16)
        scale = vae.config.scaling_factor
        own = vae.encode(picture).latent_dist.mode() * scale
        made["encoded"] = own
        made["decoded"] = vae.decode(normal("latents", (1, 4, 8, 8)) / scale).sample
        mask = torch.zeros(1, 1, 8, 8)
        mask[:, :, 2:6, 3:] = 1
        for task, strength in (("words", 1.0), ("picture", 0.6), ("mask", 0.8)):
            scheduler.set_timesteps(steps)
            first = 0 if task == "words" else steps - max(1, min(steps, int(steps * strength)))
            turn = 0

            def fresh(shape):
                nonlocal turn
                turn += 1
                return normal(f"noise{turn - 1}-", shape)

            start = fresh((1, 4, 8, 8))
            now = start * scheduler.init_noise_sigma if task == "words" else own + start * scheduler.sigmas[first]
            if scheduler.step_index is None:
                scheduler.set_begin_index(first)
            for place, time in enumerate(scheduler.timesteps[first:], first):
                seen = scheduler.scale_model_input(now, time)
                if guidance > 1:
                    out = unet(torch.cat([seen, seen]), time, words.flip(0), added_cond_kwargs=extra and {key: value.flip(0) for key, value in extra.items()}).sample
                    without, with_words = out.chunk(2)
                    out = without + guidance * (with_words - without)
                else:
                    out = unet(seen, time, words[:1], added_cond_kwargs=extra and {key: value[:1] for key, value in extra.items()}).sample
                import diffusers.schedulers.scheduling_euler_ancestral_discrete as ancestral
                if isinstance(scheduler, EulerAncestralDiscreteScheduler):
                    kept = ancestral.randn_tensor
                    # The library draws noise at the last step too, where it counts nothing.
                    ancestral.randn_tensor = lambda shape, **_: fresh(shape) if scheduler.sigmas[place + 1] > 0 else torch.zeros(shape)
                    now = scheduler.step(out, time, now).prev_sample
                    ancestral.randn_tensor = kept
                else:
                    now = scheduler.step(out, time, now).prev_sample
                if task == "mask":
                    now = mask * now + (1 - mask) * (own + start * scheduler.sigmas[place + 1])
            made[task] = vae.decode(now / scale).sample
    folder = OUT / name
    folder.mkdir(parents=True, exist_ok=True)
    save_file({key: tensor.contiguous().float() for key, tensor in made.items()}, folder / "expected.safetensors")
    parts = {"unet": unet, "vae": vae, **{f"text_encoder{'_2' if number else ''}": text for number, text in enumerate(texts)}}
    facts = {part: {"config": json.loads(json.dumps(dict(model.config.to_dict() if hasattr(model.config, "to_dict") else model.config), default=str)), "shapes": shapes(model)} for part, model in parts.items()}
    facts["scheduler"] = {"config": json.loads(json.dumps(dict(scheduler.config), default=str))}
    keep = {
        "unet": ["in_channels", "out_channels", "block_out_channels", "down_block_types", "up_block_types", "layers_per_block", "cross_attention_dim", "attention_head_dim",
                 "use_linear_projection", "transformer_layers_per_block", "norm_num_groups", "norm_eps", "addition_embed_type", "addition_time_embed_dim", "projection_class_embeddings_input_dim", "sample_size"],
        "vae": ["block_out_channels", "layers_per_block", "latent_channels", "norm_num_groups", "scaling_factor"],
        "text_encoder": ["vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "max_position_embeddings", "hidden_act", "layer_norm_eps", "projection_dim"],
        "scheduler": ["_class_name", "num_train_timesteps", "beta_start", "beta_end", "beta_schedule", "prediction_type", "timestep_spacing", "steps_offset"],
    }
    for part, entry in facts.items():
        wanted = keep[part.removesuffix("_2")]
        entry["config"] = {key: value for key, value in entry["config"].items() if key in wanted}
    facts["scheduler"]["config"]["_class_name"] = type(scheduler).__name__
    facts["run"] = {"guidance": guidance, "steps": steps}
    (folder / "checkpoint.json").write_text(json.dumps(facts) + "\n")


common = {"down_block_types": ("DownEncoderBlock2D",) * 2, "up_block_types": ("UpDecoderBlock2D",) * 2}
vae = filled(AutoencoderKL(block_out_channels=(32, 64), layers_per_block=1, norm_num_groups=16, sample_size=16, **common))
betas = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
cross = {"down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"), "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D")}
one("sd1", [tiny_text(32)], {"cross_attention_dim": 32, "attention_head_dim": 4, **cross}, vae, EulerDiscreteScheduler(timestep_spacing="leading", steps_offset=1, **betas), 5.0, 5)
one("sd2", [tiny_text(32, activation="gelu")], {"cross_attention_dim": 32, "attention_head_dim": (2, 4), "use_linear_projection": True, **cross}, vae,
    EulerDiscreteScheduler(timestep_spacing="trailing", prediction_type="v_prediction", **betas), 1.0, 4)
one("sdxl", [tiny_text(32), tiny_text(32, projection=24, activation="gelu")],
    {"cross_attention_dim": 64, "attention_head_dim": (2, 4), "use_linear_projection": True, "transformer_layers_per_block": (1, 2), "addition_embed_type": "text_time",
     "addition_time_embed_dim": 8, "projection_class_embeddings_input_dim": 24 + 48, "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"), "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D")},
    vae, EulerAncestralDiscreteScheduler(timestep_spacing="trailing", **betas), 1.0, 3)
