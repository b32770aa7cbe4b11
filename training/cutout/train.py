"""Trains the network of the engine `cutout.net`: python train.py --pools pools --minutes 90 --out cutout.pt

Scenes are made by another process into a ring that both share; training takes them from there, each a few times. It can be
stopped at any moment and goes on with --resume. `OUT` holds the average of the weights, `OUT.state` all that resuming needs."""

import argparse
import multiprocessing as mp
import os
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.distributed as dist
import torch.nn.functional as F

sys.path.insert(0, str(Path(__file__).resolve().parent))
import net as network  # noqa: E402
import wild  # noqa: E402
from side import SIDE  # noqa: E402

RING = 3072
TOGETHER = 16
# The ring keeps each scene a second time, smaller: what is to be as small as that is not taken from the whole one.
LESS = SIDE * 3 // 5
KINDS = ("drawn", "emoji", "clipart", "people", "animals", "products", "wild")


def rings(whole, less):
    return np.frombuffer(whole, np.uint8).reshape(RING, SIDE, SIDE, 4), np.frombuffer(less, np.uint8).reshape(RING, LESS, LESS, 4)


def fill(ring, made, used, folder, seed, reuse, core, share):
    """Writes scenes round and round, not much faster than they are used."""
    os.nice(3)
    if core is not None:
        os.sched_setaffinity(0, {core})
    random = np.random.default_rng(seed)
    whole, less = rings(*ring)
    make, looked = wild.maker(folder, wild=share), time.monotonic()
    while True:
        if time.monotonic() - looked > 90:  # new pools may have come
            make, looked = wild.maker(folder, wild=share), time.monotonic()
        if made.value > 640 and (made.value - 640) * reuse > used.value:
            time.sleep(0.05)
            continue
        picture, mask = make(random)
        with made.get_lock():
            place = made.value % RING
            made.value += 1
        whole[place, ..., :3] = picture[..., ::-1]
        whole[place, ..., 3] = mask
        less[place] = cv2.resize(whole[place], (LESS, LESS), interpolation=cv2.INTER_AREA)


def taken(random, ring, filled, count, side):
    """A batch from the ring, mirrored and cropped at random, as broad and high pictures are that become squares, in slightly other colours."""
    chosen = random.integers(min(filled, RING), size=count)
    whole = torch.from_numpy(ring[1 if side <= LESS else 0][chosen]).permute(0, 3, 1, 2).float() / 255
    zoom = 1 - random.random((count, 2)) * 0.3 * (random.random((count, 1)) < 0.7)
    theta = np.zeros((count, 2, 3), np.float32)
    theta[:, 0, 0] = zoom[:, 0] * np.where(random.random(count) < 0.5, -1, 1)
    theta[:, 1, 1] = zoom[:, 1]
    theta[:, :, 2] = random.uniform(-1, 1, (count, 2)) * (1 - zoom)
    grid = F.affine_grid(torch.from_numpy(theta), (count, 4, side, side), align_corners=False)
    whole = F.grid_sample(whole, grid, mode="bilinear", padding_mode="border", align_corners=False)
    gain = random.uniform(0.8, 1.2, (count, 1, 1, 1)) * random.uniform(0.9, 1.1, (count, 3, 1, 1)) * (random.random((count, 1, 1, 1)) < 0.7)
    pictures = whole[:, :3] * torch.from_numpy(np.where(gain == 0, 1, gain).astype(np.float32))
    return pictures.clamp_(0, 1).contiguous(memory_format=torch.channels_last), whole[:, 3:]


def soft_iou(found, masks):
    shared = (found * masks).sum((1, 2, 3))
    return 1 - (shared + 1) / (found.sum((1, 2, 3)) + masks.sum((1, 2, 3)) - shared + 1)


def loss_of(logits, rough, masks, whole):
    found = torch.sigmoid(logits)
    around = F.avg_pool2d(F.avg_pool2d(masks, 4), 5, 1, 2, count_include_pad=False)
    edge = (F.interpolate(around, scale_factor=4, mode="nearest") - masks).abs()
    cross = F.binary_cross_entropy_with_logits(logits, masks, reduction="none")
    total = (cross * (1 + 4 * edge)).mean() + whole * soft_iou(found, masks).mean()
    for part in rough:
        target = F.interpolate(masks, part.shape[-2:], mode="area")
        total = total + 0.15 * F.binary_cross_entropy_with_logits(part.float(), target)
    return total


def held_scenes(folder, kind, count=24):
    if kind != "wild" and not (folder / f"{kind}-held.npy").exists():
        return None
    make, random = wild.maker(folder, held=True, only=kind), np.random.default_rng(99)
    made = [make(random) for _ in range(count * (3 if kind == "wild" else 1))]
    pictures = torch.from_numpy(np.stack([picture[..., ::-1] for picture, _ in made])).permute(0, 3, 1, 2).float() / 255
    return pictures, torch.from_numpy(np.stack([mask for _, mask in made]))[:, None].float() / 255


def measure(net, tests):
    """Mean IoU at half and mean absolute error."""
    pictures, masks = tests
    ious = []
    with torch.no_grad():
        found = torch.cat([torch.sigmoid(net(part)).float() for part in pictures.split(16)])
    for one, truth in zip(found > 0.5, masks > 0.5):
        ious.append(float((one & truth).sum()) / max(1.0, float((one | truth).sum())))
    return sum(ious) / len(ious), float((found - masks).abs().mean())


def together(net, share):
    """The mean of the weights of all processes (local SGD), and the first one's clock."""
    tensors = [tensor.data for tensor in (*net.parameters(), *net.buffers()) if tensor.is_floating_point()]
    clock = torch.tensor([share if dist.get_rank() == 0 else 0.0])
    flat = torch.cat([clock * dist.get_world_size(), *(tensor.reshape(-1) for tensor in tensors)])
    dist.all_reduce(flat)
    flat /= dist.get_world_size()
    at = 1
    for tensor in tensors:
        tensor.copy_(flat[at : at + tensor.numel()].view(tensor.shape))
        at += tensor.numel()
    return float(flat[0])


@torch.no_grad()
def follow(averages, currents, count):
    """A moving average over the last 500 steps, or the last tenth where there were fewer. Called every fourth step."""
    for average, current in zip(averages, currents):
        if average.is_floating_point():
            average.lerp_(current, max(0.008, float(9 / (10 + count))))
        else:
            average.copy_(current)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pools", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=90)
    parser.add_argument("--trainers", type=int, default=2, help="processes of one thread each, whose weights are averaged now and then; threads of one process would wait for each other on a busy machine")
    parser.add_argument("--makers", type=int, default=1)
    parser.add_argument("--reuse", type=float, default=14, help="how often a scene may be used on average")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--grow", type=float, nargs=2, default=(0.4, 0.75), help="shares of the time at which the first side becomes the second, and the second the third")
    parser.add_argument("--sides", type=int, nargs=3, default=(128, 192, 256))
    parser.add_argument("--wild", type=float, default=0.5, help="share of scenes by wild.py")
    parser.add_argument("--whole", type=float, default=0.6, help="weight of the soft IoU in the loss: more makes masks decided")
    parser.add_argument("--bfloat16", action="store_true", help="where the processor has it; where not it is slow")
    parser.add_argument("--weights", type=Path, help="begin with these (restore.py), and let the rate fall from the start, along a cosine")
    parser.add_argument("--look", type=float, default=5, help="minutes between measurements, which are saved then too")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cores", type=int, nargs="*", default=[], help="the core of the trainer, and those of the makers")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    ring = mp.RawArray("B", RING * SIDE * SIDE * 4), mp.RawArray("B", RING * LESS * LESS * 4)
    made, used = mp.Value("q", 0), mp.Value("q", 0)
    for number in range(options.makers):
        mp.Process(target=fill, args=(ring, made, used, options.pools, options.seed * 1000 + number + int(time.time()) * options.resume, options.reuse, options.cores[1:][number % len(options.cores[1:])] if len(options.cores) > 1 else None, options.wild), daemon=True).start()
    for rank in range(1, options.trainers):
        mp.Process(target=train, args=(rank, options, ring, made, used), daemon=True).start()
    train(0, options, ring, made, used)


def train(rank, options, ring, made, used):
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    if options.cores:
        os.sched_setaffinity(0, {options.cores[0]})
    torch.manual_seed(options.seed)
    dist.init_process_group("gloo", init_method=f"file://{options.out.resolve()}.meet", rank=rank, world_size=options.trainers)
    random = np.random.default_rng([options.seed, rank, int(time.time()) * options.resume])
    scenes = rings(*ring)
    net = network.Net().to(memory_format=torch.channels_last)
    if options.weights:
        net.load_state_dict(torch.load(options.weights, weights_only=True))
    if rank == 0:
        print(sum(p.numel() for name, p in net.named_parameters() if "coarse" not in name), "parameters", flush=True)
    average = torch.optim.swa_utils.AveragedModel(net, multi_avg_fn=follow, use_buffers=True)
    optimizer = torch.optim.AdamW(net.parameters(), options.rate, weight_decay=1e-2, fused=True)
    spent, step = 0.0, 0
    state = Path(f"{options.out}.state")
    if options.resume and state.exists():
        kept = torch.load(state, weights_only=True)
        net.load_state_dict(kept["net"])
        average.load_state_dict(kept["average"])
        optimizer.load_state_dict(kept["optimizer"])
        for group in optimizer.param_groups:
            group["fused"] = True
        spent, step = kept["spent"], kept["step"]
    while made.value < 600:
        time.sleep(1)

    def keep():
        torch.save(average.module.state_dict(), f"{options.out}.new")
        Path(f"{options.out}.new").replace(options.out)
        torch.save({"net": net.state_dict(), "average": average.state_dict(), "optimizer": optimizer.state_dict(), "spent": spent, "step": step}, f"{state}.new")
        Path(f"{state}.new").replace(state)

    last, told, recent = time.monotonic(), spent, []
    tests = {}
    share = spent / (options.minutes * 60)
    while share < 1:
        # Constant, then falling over the last 45 % of the time: to be ended at any moment without much loss.
        falling = 0.5 + 0.5 * float(np.cos(np.pi * min(1, share))) if options.weights else 1 if share < 0.55 else 1 - (share - 0.55) / 0.45
        rate = options.rate * min(1, (step + 1) / 100) * max(0.01, falling)
        for group in optimizer.param_groups:
            group["lr"] = rate
        stage = sum(share >= at for at in options.grow)
        side = options.sides[stage if random.random() < 0.6 else random.integers(stage + 1)]  # what was learnt at smaller sides is kept
        batch = options.batch if side < 256 else options.batch // 2
        pictures, masks = taken(random, scenes, made.value, batch, side)
        with torch.autocast("cpu", torch.bfloat16, enabled=options.bfloat16):
            logits, rough = net(pictures, coarse=True)
        loss = loss_of(logits.float(), rough, masks, options.whole)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 2.0)
        optimizer.step()
        step += 1
        if step % TOGETHER == 0:
            share = together(net, spent / (options.minutes * 60))
        if rank == 0 and step % 4 == 0:
            average.update_parameters(net)
        with used.get_lock():
            used.value += batch
        recent.append(float(loss.detach()))
        spent, last = spent + time.monotonic() - last, time.monotonic()
        if rank == 0 and spent - told > options.look * 60:
            told = spent
            for kind in KINDS:
                if kind not in tests and (found := held_scenes(options.pools, kind)):
                    tests[kind] = found
            average.module.eval()
            figures = " ".join(f"{kind} {iou:.3f}/{error:.3f}" for kind in tests for iou, error in [measure(average.module, tests[kind])])
            average.module.train()
            print(f"{step} {spent / 60:.1f} min made {made.value} rate {rate:.5f} loss {np.mean(recent):.4f} IoU/MAE: {figures}", flush=True)
            recent = []
            keep()
    if rank == 0:
        keep()


if __name__ == "__main__":
    main()
