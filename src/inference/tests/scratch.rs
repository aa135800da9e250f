//! scratch
use super::toy::*;
use crate::inference::*;
use std::time::Instant;

fn load(case: &str) -> serde_json::Value {
    serde_json::from_str(&std::fs::read_to_string(format!("/work/shared/cases/{case}/data.json")).unwrap()).unwrap()
}
fn col(d: &serde_json::Value, k: &str) -> Vec<f64> {
    d[k].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}
fn reference(case: &str, p: &str) -> (f64, f64) {
    let r: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(format!("/work/shared/cases/{case}/reference.json")).unwrap()).unwrap();
    (r["parameters"][p]["mean"].as_f64().unwrap(), r["parameters"][p]["sd"].as_f64().unwrap())
}
fn run(case: &str, x: Vec<Vec<f64>>, y: Vec<f64>, prior: f64, names: &[&str]) {
    let k = x[0].len(); let prior = if prior < 0.0 { vec![(9.31290322580645, 100.0), (0.0, 0.0333333333333333)] } else { vec![(0.0, prior); k] };
    let d = Regression::new(x, y, prior, None);
    for seed in 1..4 {
        let t = Instant::now();
        let f = fit(&d, &FitOptions { seed, ..Default::default() }, &mut |p| if std::env::var("V").is_ok() { println!("{p:?}") }).unwrap();
        let e = t.elapsed();
        let (m, s) = f.marginals().unwrap();
        let mut worst: f64 = 0.0;
        for (i, n) in names.iter().enumerate() {
            let (rm, rs) = reference(case, n);
            worst = worst.max(((m[i] - rm) / rs).abs());
        }
        println!("{case} worst {worst:.4} sd {:?} M {} it {} evals {} calls {} {:?} {:?} {:?}", s.last(), f.n_draws, f.iterations, f.gradient_evaluations, f.batched_evaluations, f.elbo, e, f.warnings);
    }
}
fn rows(cols: &[Vec<f64>]) -> Vec<Vec<f64>> {
    (0..cols[0].len()).map(|i| cols.iter().map(|c| c[i]).collect()).collect()
}
#[test]
fn cases() {
    let d = load("kilpisjarvi_mod-kilpisjarvi");
    let x = col(&d, "x"); let one = vec![1.0; x.len()];
    run("kilpisjarvi_mod-kilpisjarvi", rows(&[one, x]), col(&d, "y"), -1.0, &["alpha", "beta"]);
    let d = load("earnings-earn_height");
    let x = col(&d, "height"); let one = vec![1.0; x.len()];
    run("earnings-earn_height", rows(&[one, x]), col(&d, "earn"), f64::INFINITY, &["beta[1]", "beta[2]"]);
    let d = load("earnings-logearn_interaction");
    let x = col(&d, "height"); let one = vec![1.0; x.len()]; let m = col(&d, "male");
    let xm = x.iter().zip(&m).map(|(a, b)| a * b).collect();
    run("earnings-logearn_interaction", rows(&[one, x, m, xm]), col(&d, "earn").iter().map(|x| x.ln()).collect(), f64::INFINITY, &["beta[1]", "beta[2]", "beta[3]", "beta[4]"]);
    let d = load("kidiq-kidscore_interaction");
    let x = col(&d, "mom_iq"); let one = vec![1.0; x.len()]; let m = col(&d, "mom_hs");
    let xm = x.iter().zip(&m).map(|(a, b)| a * b).collect();
    run("kidiq-kidscore_interaction", rows(&[one, m, x, xm]), col(&d, "kid_score"), f64::INFINITY, &["beta[1]", "beta[2]", "beta[3]", "beta[4]"]);
    let d = load("mesquite-mesquite");
    let mut c = vec![vec![1.0; col(&d, "weight").len()]];
    for n in ["diam1", "diam2", "canopy_height", "total_height", "density", "group"] { c.push(col(&d, n)); }
    run("mesquite-mesquite", rows(&c), col(&d, "weight"), f64::INFINITY, &["beta[1]", "beta[2]", "beta[3]", "beta[4]", "beta[5]", "beta[6]", "beta[7]"]);
    let d = load("sblri-blr");
    let x: Vec<Vec<f64>> = d["X"].as_array().unwrap().iter().map(|r| r.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()).collect();
    run("sblri-blr", x, col(&d, "y"), 10.0, &["beta[1]", "beta[2]", "beta[3]", "beta[4]", "beta[5]"]);
    let d = load("diamonds-diamonds");
    let mut x: Vec<Vec<f64>> = d["X"].as_array().unwrap().iter().map(|r| r.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()).collect();
    let k = x[0].len();
    for j in 1..k { let m = x.iter().map(|r| r[j]).sum::<f64>() / x.len() as f64; x.iter_mut().for_each(|r| r[j] -= m); }
    for r in &mut x { r.rotate_left(1); }
    let names: Vec<String> = (1..k).map(|j| format!("b[{j}]")).collect();
    let names: Vec<&str> = names.iter().map(|s| s.as_str()).collect();
    run("diamonds-diamonds", x, col(&d, "Y"), 1.0, &names);
}
