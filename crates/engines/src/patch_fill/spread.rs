//! Alpha, which is known around the hole, spread smoothly into it.

/// Alpha in the hole, spread smoothly from around it.
pub(crate) fn spread_alpha(alpha: &[f32], is_hole: &[bool], width: usize, height: usize) -> Vec<f32> {
    let weights: Vec<f32> = is_hole.iter().map(|hole| if *hole { 0.0 } else { 1.0 }).collect();
    spread(alpha, &weights, width, height)
}

/// Fills what has no weight from what has, smoothly: averages go up a pyramid and come down again (Gortler et al., 1996).
fn spread(values: &[f32], weights: &[f32], width: usize, height: usize) -> Vec<f32> {
    if width * height <= 1 || weights.iter().all(|weight| *weight >= 1.0) {
        return values.to_vec();
    }
    let (half_w, half_h) = (width.div_ceil(2), height.div_ceil(2));
    let mut coarse = vec![0.0f32; half_w * half_h];
    let mut coarse_weights = vec![0.0f32; half_w * half_h];
    for y in 0..height {
        for x in 0..width {
            let (at, up) = (y * width + x, y / 2 * half_w + x / 2);
            coarse[up] += values[at] * weights[at];
            coarse_weights[up] += weights[at];
        }
    }
    for (value, weight) in coarse.iter_mut().zip(&mut coarse_weights) {
        if *weight > 0.0 {
            *value /= *weight;
            *weight = weight.min(1.0);
        }
    }
    let coarse = spread(&coarse, &coarse_weights, half_w, half_h);
    let mut result = values.to_vec();
    for y in 0..height {
        for x in 0..width {
            let at = y * width + x;
            if weights[at] >= 1.0 {
                continue;
            }
            // Between the four nearest coarse pixels.
            let (u, v) = ((x as f32 - 0.5) / 2.0, (y as f32 - 0.5) / 2.0);
            let (left, top) = (u.floor(), v.floor());
            let (a, b) = (u - left, v - top);
            let near = |dx: f32, dy: f32| {
                let cx = (left + dx).clamp(0.0, (half_w - 1) as f32) as usize;
                let cy = (top + dy).clamp(0.0, (half_h - 1) as f32) as usize;
                coarse[cy * half_w + cx]
            };
            let corners = [near(0.0, 0.0), near(1.0, 0.0), near(0.0, 1.0), near(1.0, 1.0)];
            let upper = corners[0] * (1.0 - a) + corners[1] * a;
            let lower = corners[2] * (1.0 - a) + corners[3] * a;
            let smooth = upper * (1.0 - b) + lower * b;
            result[at] = values[at] * weights[at] + smooth * (1.0 - weights[at]);
        }
    }
    result
}
