//! The cut-out network inside the program beside ONNX Runtime, which is given the same layers, weights and pictures.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::{Row, peers};
use crate::{repository, running};

/// Rounds of which the quickest counts, on either side.
const ROUNDS: &str = "40";
/// How far the mean shares of both sides may lie apart.
const SAME: f64 = 1e-4;

/// Mean shares of the two passes, and the seconds of both.
type Told = [f64; 3];

pub fn run(_: &Path) -> Result<Vec<Row>> {
    let own = told(super::quality_example().args(["--network", ROUNDS]))?;
    let mut peer = Command::new(peers::rembg()?);
    peer.arg(peers::folder().join("python/own_network.py"))
        .arg(repository::root().join("crates/engines/weights/cutout.safetensors"))
        .arg(ROUNDS);
    let peer = told(&mut peer)?;
    if own
        .iter()
        .zip(&peer)
        .take(2)
        .any(|(own, peer)| (own - peer).abs() > SAME)
    {
        bail!("they found different shares, {own:?} and {peer:?}, so their times say nothing");
    }
    Ok(vec![
        Row::new(
            "aquatint, both passes of the cut-out network",
            vec![("wall_ms", own[2] * 1e3)],
        ),
        Row::new(
            "ONNX Runtime, the same on two threads",
            vec![("wall_ms", peer[2] * 1e3)],
        ),
        Row::new("aquatint / ONNX Runtime", vec![("wall", own[2] / peer[2])]),
    ])
}

fn told(command: &mut Command) -> Result<Told> {
    let told = running::output(command)?;
    let numbers: Vec<f64> = told
        .split_whitespace()
        .filter_map(|number| number.parse().ok())
        .collect();
    numbers.try_into().ok().context("no three numbers were told")
}
