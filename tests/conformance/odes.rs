//! Differential equations whose solutions have closed forms.

use super::by_hand::*;
use super::harness::*;

/// Tight enough for differences of values that take steps of their own.
const TIGHT: &str = "rtol = 1e-12, atol = 1e-13";

#[test]
fn exponential_decay_with_everything_latent() {
    let data = json(r#"{"ts": [0.5, 1, 1, 2.5], "y": [0.6, 0.3, 0.4, 0.1]}"#);
    let model = format!(
        "fn decay(t, y, k) = -k * y\n\
         k ~ Normal(1, 0.3)\na ~ Normal(1, 0.3)\nt0 ~ Normal(0, 0.1)\nby ~ Normal(0, 0.1)\n\
         c = ode(decay, [a], t0, ts + by, k, {TIGHT})\ny ~ Normal(c[:, 1], 0.1)"
    );
    agrees(&model, &data, |p| {
        let (k, a, t0, by) = (p.s("k"), p.s("a"), p.s("t0"), p.s("by"));
        let rows = [(0.5, 0.6), (1.0, 0.3), (1.0, 0.4), (2.5, 0.1)];
        let rows = rows.map(|(t, y)| normal(y, a * (-k * (t + by - t0)).exp(), 0.1));
        normal(k, 1.0, 0.3)
            + normal(a, 1.0, 0.3)
            + normal(t0, 0.0, 0.1)
            + normal(by, 0.0, 0.1)
            + rows.iter().sum::<f64>()
    });
}

/// The first element is drawn so fast to s, where it starts, that explicit steps would have to be tiny.
#[test]
fn a_stiff_system_with_everything_latent() {
    let data = json(r#"{"ts": [0.5, 1, 2.5], "y": [[0.6, 1.1], [0.3, 1.2], [0.4, 0.9]]}"#);
    let model = "fn both(t, y, k, s) = [-1e5 * (y[1] - s), -k * (y[2] - y[1])]\n\
         k ~ Normal(1, 0.3)\ns ~ Normal(0.5, 0.1)\n\
         c = ode(both, [s, 1], 0, ts, k, s, method = \"bdf\", rtol = 1e-11, atol = 1e-12, max_steps = 10000)\n\
         y ~ Normal(c, 0.1)";
    agrees(model, &data, |p| {
        let (k, s) = (p.s("k"), p.s("s"));
        let rows = [(0.5, [0.6, 1.1]), (1.0, [0.3, 1.2]), (2.5, [0.4, 0.9])];
        let of_row = |(t, y): (f64, [f64; 2])| {
            normal(y[0], s, 0.1) + normal(y[1], s + (1.0 - s) * (-k * t).exp(), 0.1)
        };
        normal(k, 1.0, 0.3) + normal(s, 0.5, 0.1) + rows.map(of_row).iter().sum::<f64>()
    });
}

#[test]
fn one_system_for_each_pass_of_a_loop() {
    let data = json(
        r#"{"ts": [[1, 2], [0.5, 3], [2, 2.5]], "y": [[1, 1.5], [0.8, 1.9], [1.4, 1.6]], "s": [0, 0.1, 0.2]}"#,
    );
    let model = format!(
        "fn growth(t, y, r, most) = r * y * (1 - y / most)\n\
         r[3] ~ LogNormal(0, 0.5)\nmost ~ LogNormal(1, 0.5)\n\
         for i in 1:3 {{\n  c = ode(growth, [0.5 + s[i]], s[i], ts[i], r[i], most, {TIGHT})\n\
         y[i] ~ Normal(c[:, 1], 0.1)\n}}"
    );
    agrees(&model, &data, |p| {
        let (r, most) = (p.v("r"), p.s("most"));
        let ts = [[1.0, 2.0], [0.5, 3.0], [2.0, 2.5]];
        let y = [[1.0, 1.5], [0.8, 1.9], [1.4, 1.6]];
        let mut total = (normal(most.ln(), 1.0, 0.5) - most.ln())
            + r.iter().map(|&r| normal(r.ln(), 0.0, 0.5) - r.ln()).sum::<f64>();
        for i in 0..3 {
            let s = 0.1 * i as f64;
            for (t, y) in ts[i].iter().zip(y[i]) {
                let start: f64 = 0.5 + s;
                let c = most / (1.0 + (most / start - 1.0) * (-r[i] * (t - s)).exp());
                total += normal(y, c, 0.1);
            }
        }
        total
    });
}

/// exp(t [[-a, b], [a, -b]]) applied to (1, 0).
fn exchange(a: f64, b: f64, t: f64) -> [f64; 2] {
    let left = (b + a * (-(a + b) * t).exp()) / (a + b);
    [left, 1.0 - left]
}

#[test]
fn right_sides_with_locals_loops_matrices_and_data() {
    let data = json(r#"{"ts": [0.5, 2], "sign": [1, -1]}"#);
    let bodies = [
        "fn f(t, y, a, b) = [[-a, b], [a, -b]] @ y",
        "fn f(t, y, a, b) { moved = a * y[1] - b * y[2]; return [-moved, moved] }",
        "fn f(t, y, a, b) { d[1] = b * y[2] - a * y[1]; d[2] = -d[1]; return d }",
        "fn f(t, y, a, b) { for i in 1:2 { d[i] = sign[i] * (b * y[2] - a * y[1]) }; return d }",
    ];
    for body in bodies {
        let model = format!(
            "{body}\na ~ Normal(1, 0.2)\nb ~ Normal(2, 0.2)\n\
             c = ode(f, [1, 0], 0, ts, a, b, {TIGHT})\nfactor c[1, 1] + 2 * c[1, 2] + 3 * c[2, 1]"
        );
        agrees(&model, &data, |p| {
            let (a, b) = (p.s("a"), p.s("b"));
            let (first, second) = (exchange(a, b, 0.5), exchange(a, b, 2.0));
            normal(a, 1.0, 0.2) + normal(b, 2.0, 0.2) + first[0] + 2.0 * first[1] + 3.0 * second[0]
        });
    }
}

#[test]
fn times_in_the_right_side_and_functions_as_arguments() {
    let model = format!(
        "fn push(t, w) = cos(w * t)\nfn moved(t, y, g, w) = [g(t, w)]\n\
         fn solve(f, w, ts) = ode(f, [0], 0, ts, push, w, {TIGHT})[:, 1]\n\
         w ~ Normal(1, 0.2)\nfactor sum(solve(moved, w, [1, 2.5]))"
    );
    agrees(&model, &json("{}"), |p| {
        let w = p.s("w");
        normal(w, 1.0, 0.2) + (w.sin() + (2.5 * w).sin()) / w
    });
}

#[test]
fn of_data_alone() {
    let model = format!(
        "fn decay(t, y, k) = -k * y\nm ~ Normal(0, 1)\n\
         factor m * ode(decay, [2], 0, [1], 0.5, {TIGHT}, method = \"rk45\")[1, 1]"
    );
    agrees(&model, &json("{}"), |p| {
        let m = p.s("m");
        normal(m, 0.0, 1.0) + m * 2.0 * (-0.5f64).exp()
    });
}

#[test]
fn a_discrete_latent_among_the_arguments() {
    let data = json(r#"{"ts": [1, 2], "y": [0.6, 0.3]}"#);
    let model = format!(
        "fn decay(t, y, k) = -k * y\nk[2] ~ Normal([0.5, 1], 0.1)\nfor i in 1:2 {{\n  z[i] ~ Categorical([0.3, 0.7])\n\
         c = ode(decay, [1], 0, [ts[i]], k[z[i]], {TIGHT})\n  y[i] ~ Normal(c[1, 1], 0.1)\n}}"
    );
    agrees(&model, &data, |p| {
        let k = p.v("k");
        let one = |t: f64, y: f64| {
            let part = |w: f64, k: f64| w.ln() + normal(y, (-k * t).exp(), 0.1);
            let (a, b) = (part(0.3, k[0]), part(0.7, k[1]));
            a.max(b) + (-(a - b).abs()).exp().ln_1p()
        };
        normal(k[0], 0.5, 0.1) + normal(k[1], 1.0, 0.1) + one(1.0, 0.6) + one(2.0, 0.3)
    });
}

#[test]
fn a_solve_that_fails_is_no_number() {
    let model = "fn decay(t, y, k) = -k * y\nk ~ Normal(0, 1)\n\
                 factor ode(decay, [1], 0, [10], 1e6 * exp(k), max_steps = 50)[1, 1]";
    let compiled = compiled(model, &json("{}"));
    assert!(value(&compiled, &[0.3]).is_nan());
}

#[test]
fn what_cannot_be_solved_is_refused() {
    let refused = |call: &str, words: &[&str]| {
        let model = format!(
            "fn decay(t, y, k) = -k * y\nfn two(t, y) = [1, 2]\nk ~ Normal(1, 1)\nc = {call}\nfactor sum(c)"
        );
        refused(&model, &json(r#"{"falling": [1, 3, 2]}"#), words);
    };
    refused("ode(decay, [1.0], 0, [1.0])", &["`ode` calls `decay` with t, y and 0 further arguments"]);
    refused("ode(decay, [1.0], 0)", &["`ode` needs its argument `ts`"]);
    refused("ode(k, [1.0], 0, [1.0])", &["the first argument of `ode` must be a function"]);
    refused("ode(decay, 1, 0, [1.0], k)", &["the state `y0` must be a vector"]);
    refused("ode(decay, [1.0], [0], [1.0], k)", &["the time `t0` must be a scalar"]);
    refused("ode(decay, [1.0], 0, 1, k)", &["the times `ts` must be a vector"]);
    refused("ode(two, [1.0], 0, [1.0])", &["returns [2], but the state has 1 element"]);
    refused("ode(decay, [1.0], 0, falling, k)", &["must not fall: number 2 is 3, number 3 is 2"]);
    refused("ode(decay, [1.0], 2, [1.0], k)", &["start at 1, before `t0` = 2"]);
    refused("ode(decay, [1.0], 0, [1.0], k, rtol = -1)", &["`rtol` of `ode` must be a positive number"]);
    refused("ode(decay, [1.0], 0, [1.0], k, rtol = k)", &["rtol"]);
    refused(
        "ode(decay, [1.0], 0, [1.0], k, max_steps = 0)",
        &["`max_steps` of `ode` must be a whole number"],
    );
    refused("ode(decay, [1.0], 0, [1.0], k, method = \"euler\")", &["there is no such method"]);
    let carried = "fn decay(t, y, k) = -k * y\nk ~ Normal(1, 1)\nh[1] = k\n\
                   for t in 2:90 { h[t] = ode(decay, [h[t - 1]], 0, [1.0], k)[1, 1] }\nfactor h[3]";
    super::harness::refused(carried, &json("{}"), &["a recursion carries"]);
}

#[test]
fn solutions_that_a_short_recursion_carries() {
    let model = "fn decay(t, y, k) = -k * y\nk ~ HalfNormal(1)\nh[1] = k\n\
                 for t in 2:4 { h[t] = ode(decay, [h[t - 1]], 0, [0.5], k, rtol = 1e-10, atol = 1e-12)[1, 1] }\nfactor h[4]";
    agrees(model, &json("{}"), |p| {
        let k = p.s("k");
        half_normal(k, 1.0) + k * (-1.5 * k).exp()
    });
}
