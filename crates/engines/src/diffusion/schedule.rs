//! Euler's method over the noise levels of a diffusion model, with or without fresh noise at each step. Source: Karras et
//! al., "Elucidating the Design Space of Diffusion-Based Generative Models", 2022; the numbers are those of Diffusers'
//! `EulerDiscreteScheduler` and `EulerAncestralDiscreteScheduler`.

use super::config::ScheduleConfig;

/// The steps of one run.
#[derive(Clone, Debug)]
pub(super) struct Schedule {
    /// Times as the network counts them, the noisiest first.
    pub times: Vec<f64>,
    /// Noise levels: one for each time, and 0 at the end.
    pub sigmas: Vec<f64>,
    /// Standard deviation of the noise that a run begins with.
    pub initial: f64,
    /// Whether each step adds fresh noise.
    pub is_ancestral: bool,
    /// Whether the network foretells velocity, not noise.
    is_velocity: bool,
}

impl Schedule {
    pub fn new(config: &ScheduleConfig, steps: usize) -> Self {
        let trained = config.num_train_timesteps;
        let betas: Vec<f64> = (0..trained)
            .map(|place| {
                let share = place as f64 / (trained - 1).max(1) as f64;
                let between = |from: f64, to: f64| from + (to - from) * share;
                if config.beta_schedule == "linear" {
                    between(config.beta_start, config.beta_end)
                } else {
                    between(config.beta_start.sqrt(), config.beta_end.sqrt()).powi(2)
                }
            })
            .collect();
        let mut product = 1.0;
        let all: Vec<f64> = betas
            .iter()
            .map(|beta| {
                product *= 1.0 - beta;
                ((1.0 - product) / product).sqrt()
            })
            .collect();
        let spacing = config.timestep_spacing.as_deref().unwrap_or("leading");
        let ratio = trained as f64 / steps as f64;
        let times: Vec<f64> = match spacing {
            "trailing" => (0..steps)
                .map(|step| (trained as f64 - step as f64 * ratio).round() - 1.0)
                .collect(),
            "linspace" => (0..steps)
                .rev()
                .map(|step| step as f64 * (trained - 1) as f64 / (steps - 1).max(1) as f64)
                .collect(),
            _ => (0..steps)
                .rev()
                .map(|step| (step * (trained / steps) + config.steps_offset) as f64)
                .collect(),
        };
        let mut sigmas: Vec<f64> = times
            .iter()
            .map(|time| {
                let time = time.clamp(0.0, (trained - 1) as f64);
                let (low, share) = (time.floor() as usize, time.fract());
                let high = (low + 1).min(trained - 1);
                all[low] + (all[high] - all[low]) * share
            })
            .collect();
        let most = sigmas.iter().copied().fold(0.0, f64::max);
        sigmas.push(0.0);
        Self {
            times,
            sigmas,
            initial: if spacing == "leading" {
                (most * most + 1.0).sqrt()
            } else {
                most
            },
            is_ancestral: config.class.contains("Ancestral"),
            is_velocity: config.prediction_type == "v_prediction",
        }
    }

    /// What the latents are multiplied by before the network sees them.
    pub fn input_scale(&self, step: usize) -> f64 {
        1.0 / (self.sigmas[step].powi(2) + 1.0).sqrt()
    }

    /// The next latents as `a` × these + `b` × what the network said + `c` × fresh noise.
    pub fn factors(&self, step: usize) -> (f64, f64, f64) {
        let (from, to) = (self.sigmas[step], self.sigmas[step + 1]);
        let up = if self.is_ancestral {
            (to.powi(2) * (from.powi(2) - to.powi(2)) / from.powi(2))
                .max(0.0)
                .sqrt()
        } else {
            0.0
        };
        let down = (to.powi(2) - up.powi(2)).max(0.0).sqrt();
        let time = down - from;
        // clean = p × latents + q × said; the slope is (latents - clean) / from.
        let (p, q) = if self.is_velocity {
            (1.0 / (from.powi(2) + 1.0), -from / (from.powi(2) + 1.0).sqrt())
        } else {
            (1.0, -from)
        };
        (1.0 + (1.0 - p) / from * time, -q / from * time, up)
    }
}
