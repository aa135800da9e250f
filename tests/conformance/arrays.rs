//! Plates, labels, indexing, broadcasting.

use crate::by_hand::*;
use crate::harness::*;

const RADON: &str = "county,floor,y\nB,0,1.2\nA,1,0.7\nB,1,0.1\nC,0,2.0\nA,0,1.0\n";

#[test]
fn a_plate_over_levels() {
    let data = csv(RADON);
    let model = "mu ~ Normal(0, 10)\ntau ~ HalfNormal(1)\nbeta ~ Normal(0, 10)\n\
                 alpha[county] ~ Normal(mu, tau)\ny ~ Normal(alpha[county] + beta * floor, 0.5)";
    let county = [1, 0, 1, 2, 0];
    let floor = [0.0, 1.0, 1.0, 0.0, 0.0];
    let y = [1.2, 0.7, 0.1, 2.0, 1.0];
    let compiled = agrees(model, &data, |p| {
        let alpha = p.v("alpha");
        let prior: f64 = alpha.iter().map(|&a| normal(a, p.s("mu"), p.s("tau"))).sum();
        let rows: f64 = (0..5).map(|i| normal(y[i], alpha[county[i]] + p.s("beta") * floor[i], 0.5)).sum();
        normal(p.s("mu"), 0.0, 10.0)
            + half_normal(p.s("tau"), 1.0)
            + normal(p.s("beta"), 0.0, 10.0)
            + prior
            + rows
    });
    let names: Vec<&str> = {
        use vippl::density::LogDensity;
        compiled.density.coordinates().iter().map(|c| c.name.as_str()).collect()
    };
    assert_eq!(names, ["mu", "tau", "beta", "alpha[A]", "alpha[B]", "alpha[C]"]);
    let alpha = compiled.quantities.iter().find(|q| q.name == "alpha").expect("a quantity");
    assert_eq!(alpha.element_name(2), "alpha[C]");
    assert_eq!(alpha.marginals, [Some(3), Some(4), Some(5)]);
}

#[test]
fn labels_and_positions() {
    let data = csv(RADON);
    let model = "alpha[county] ~ Normal(0, 1)\nb = alpha[\"C\"] - alpha[1]\nfactor b ^ 2";
    agrees(model, &data, |p| {
        let a = p.v("alpha");
        assert!((p.s("b") - (a[2] - a[0])).abs() < 1e-15);
        a.iter().map(|&a| normal(a, 0.0, 1.0)).sum::<f64>() + (a[2] - a[0]).powi(2)
    });
    refused("alpha[county] ~ Normal(0, 1)\nb = alpha[\"D\"]", &data, &["D"]);
    refused("alpha[county] ~ Normal(0, 1)\nb = alpha[4]", &data, &["4"]);
}

#[test]
fn a_plate_over_int_columns() {
    // 1..J is positions; other ints are labels.
    let positions = csv("g,y\n2,0.5\n1,1.5\n3,-0.2\n2,0.3\n");
    let years = csv("g,y\n1974,0.5\n1970,1.5\n1980,-0.2\n1974,0.3\n");
    let by_hand = |p: &Point| {
        let (a, g, y) = (p.v("a"), [1, 0, 2, 1], [0.5, 1.5, -0.2, 0.3]);
        (0..3).map(|j| normal(a[j], 0.0, 1.0)).sum::<f64>()
            + (0..4).map(|i| normal(y[i], a[g[i]], 1.0)).sum::<f64>()
    };
    let model = "a[g] ~ Normal(0, 1)\ny ~ Normal(a[g], 1)";
    agrees(model, &positions, by_hand);
    let compiled = agrees(model, &years, by_hand);
    assert_eq!(compiled.quantities[0].element_name(1), "a[1974]");
    agrees("a[g] ~ Normal(0, 1)\nfactor a[\"1974\"] * a[1]", &years, |p| {
        let a = p.v("a");
        a.iter().map(|&a| normal(a, 0.0, 1.0)).sum::<f64>() + a[1] * a[0]
    });
}

#[test]
fn rows_and_matrices_of_draws() {
    let data = csv("x\n1\n2\n3\n");
    agrees("z[rows, 2] ~ Normal([1, 2], 0.5)\nx ~ Normal(z[:, 1] * z[:, 2], 1)", &data, |p| {
        let z = p.v("z");
        (0..3)
            .map(|i| {
                normal(z[2 * i], 1.0, 0.5)
                    + normal(z[2 * i + 1], 2.0, 0.5)
                    + normal(i as f64 + 1.0, z[2 * i] * z[2 * i + 1], 1.0)
            })
            .sum()
    });
}

#[test]
fn sizes_from_expressions_and_arguments() {
    let data = json(r#"{"K": 4, "u": [0.1, 0.2, 0.3]}"#);
    agrees("a[K - 1] ~ Normal(2 * u, 0.3)\nb ~ Normal([1, 2], 1)", &data, |p| {
        let (a, b) = (p.v("a"), p.v("b"));
        assert_eq!((a.len(), b.len()), (3, 2));
        (0..3).map(|k| normal(a[k], 0.2 * (k as f64 + 1.0), 0.3)).sum::<f64>()
            + normal(b[0], 1.0, 1.0)
            + normal(b[1], 2.0, 1.0)
    });
    refused("a[K] ~ Normal(u, 1)", &data, &["4", "3"]);
    refused("a[2] ~ Normal(0, 1)\nb = a + u", &data, &["2", "3"]);
}

#[test]
fn an_observed_value_is_never_broadcast() {
    let data = json(r#"{"y": 0.5, "x": [0.1, 0.2, 0.3]}"#);
    refused("m ~ Normal(0, 1)\ny ~ Normal(m + x, 1)", &data, &["Shape"]);
    let row = json(r#"{"y": [[0.5, 1.0]], "x": [[1.0, 2.0], [3.0, 4.0]]}"#);
    refused("m ~ Normal(0, 1)\ny ~ Normal(m + x, 1)", &row, &["2"]);
}

#[test]
fn vectors_broadcast_over_rows() {
    let data = json(r#"{"y": [[0.5, 1.0, 2.0], [0.1, 0.2, 0.3]]}"#);
    agrees("m[3] ~ Normal(0, 1)\ny ~ Normal(m, 0.7)", &data, |p| {
        let (m, y) = (p.v("m"), [0.5, 1.0, 2.0, 0.1, 0.2, 0.3]);
        (0..3).map(|k| normal(m[k], 0.0, 1.0)).sum::<f64>()
            + (0..6).map(|i| normal(y[i], m[i % 3], 0.7)).sum::<f64>()
    });
}

#[test]
fn gathers_slices_filters_and_cross_products() {
    let data = json(r#"{"i": [3, 1, 1], "keep": [true, false, true, true], "r": [2, 1], "c": [1, 3, 3]}"#);
    let model = "x[4] ~ Normal(0, 1)\nM[2, 3] ~ Normal(0, 1)\n\
                 g = x[i]\ns = x[2:3]\nt = x[3:]\nu = x[:2]\nf = x[keep]\nk = M[r, c]\nrow = M[2]\ncol = M[:, 2]\n\
                 q = M[2, i]\ne = x[3:2]\n\
                 factor sum(g * [1, 2, 3]) + sum(s) ^ 2 + prod(t) + u[2] + sum(f * [1, 3, 5]) + sum(e)\n\
                 factor sum(k * [[1, 2, 3], [4, 5, 6]]) + row[1] * col[2] + sum(q * [1, 2, 4])";
    agrees(model, &data, |p| {
        let (x, m) = (p.v("x"), p.v("M"));
        let k = p.v("k");
        let expected_k = [m[3], m[5], m[5], m[0], m[2], m[2]];
        assert!(k.iter().zip(expected_k).all(|(a, b)| (a - b).abs() < 1e-15));
        x.iter().chain(m).map(|&v| normal(v, 0.0, 1.0)).sum::<f64>()
            + (x[2] + 2.0 * x[0] + 3.0 * x[0])
            + (x[1] + x[2]).powi(2)
            + x[2] * x[3]
            + x[1]
            + (x[0] + 3.0 * x[2] + 5.0 * x[3])
            + (1..=6).zip(expected_k).map(|(w, v)| f64::from(w) * v).sum::<f64>()
            + m[3] * m[4]
            + (m[5] + 2.0 * m[3] + 4.0 * m[3])
    });
    for (index, words) in
        [("0", ["0"]), ("-1", ["-1"]), ("5", ["5"]), ("[1, 5]", ["5"]), ("2:5", ["5"]), ("0:2", ["0"])]
    {
        refused(&format!("x[4] ~ Normal(0, 1)\nb = x[{index}]"), &data, &words);
    }
    refused("x[4] ~ Normal(0, 1)\nb = x[1, 1]", &data, &["dimension"]);
    refused("x[4] ~ Normal(0, 1)\nb = x[x[1]]", &data, &[""]);
}

#[test]
fn an_index_out_of_range_names_the_row() {
    let data = csv("g,y\n1,0.5\n2,1.5\n7,-0.2\n");
    refused("a[2] ~ Normal(0, 1)\ny ~ Normal(a[g], 1)", &data, &["7", "3"]);
}

#[test]
fn matrices_and_linear_algebra() {
    let data = json(r#"{"X": [[1, 2], [3, 4], [5, 6.5]], "y": [1, 2, 3]}"#);
    agrees("b[2] ~ Normal(0, 1)\ny ~ Normal(X @ b, 1)\nfactor sum(X[1]' * b)", &data, |p| {
        let (b, x) = (p.v("b"), [[1.0, 2.0], [3.0, 4.0], [5.0, 6.5]]);
        b.iter().map(|&b| normal(b, 0.0, 1.0)).sum::<f64>()
            + (0..3).map(|i| normal(i as f64 + 1.0, x[i][0] * b[0] + x[i][1] * b[1], 1.0)).sum::<f64>()
            + b[0]
            + 2.0 * b[1]
    });
}

#[test]
fn multivariate_draws_in_plates() {
    let data = json(r#"{"S": [[2, 0.5], [0.5, 1]]}"#);
    let mvn = |x: &[f64], m: [f64; 2]| {
        let det: f64 = 2.0 - 0.25;
        let (a, b) = (x[0] - m[0], x[1] - m[1]);
        let quad = (a * a * 1.0 - 2.0 * 0.5 * a * b + 2.0 * b * b) / det;
        -0.5 * quad - 0.5 * det.ln() - (2.0 * std::f64::consts::PI).ln()
    };
    agrees("b[3] ~ MvNormal([1, 2], cov = S)\nc ~ MvNormal(0, cov = S)", &data, |p| {
        p.v("b").chunks(2).map(|b| mvn(b, [1.0, 2.0])).sum::<f64>() + mvn(p.v("c"), [0.0, 0.0])
    });
}

#[test]
fn simplexes_and_ordered_vectors_in_plates() {
    let data = json(r#"{"A": [[1, 2, 3], [2, 2, 2]], "y": [1, 3, 3]}"#);
    let model = "theta[2] ~ Dirichlet(A)\nc[2, 3] ~ ordered(Normal(0, 2))\nd[3] ~ positive_ordered(Exponential(1))\n\
                 y ~ Categorical(theta[2])";
    agrees(model, &data, |p| {
        let (theta, c, d) = (p.v("theta"), p.v("c"), p.v("d"));
        assert!(c[0] < c[1] && c[1] < c[2] && c[3] < c[4] && 0.0 < d[0] && d[0] < d[1]);
        dirichlet(&theta[..3], &[1.0, 2.0, 3.0])
            + dirichlet(&theta[3..], &[2.0, 2.0, 2.0])
            + c.iter().map(|&c| normal(c, 0.0, 2.0)).sum::<f64>()
            + 3.0 * 6f64.ln()
            + d.iter().map(|&d| exponential(d, 1.0)).sum::<f64>()
            + theta[3].ln()
            + 2.0 * theta[5].ln()
    });
}

/// One value for each element of a plate over the column, in its order.
#[test]
fn levels_go_with_plates() {
    let data = csv("y,year,county\n0.5,1979,b\n1.0,1974,a\n-1.0,1979,c\n");
    let model = "alpha[year] ~ Normal(levels(year) - 1974, 1)\nn = len(levels(county))\n\
                 y ~ Normal(alpha[year] + n, 1)\nfirst = alpha[levels(year)] + 0";
    let compiled = agrees(model, &data, |p| {
        let a = p.v("alpha");
        normal(a[0], 0.0, 1.0)
            + normal(a[1], 5.0, 1.0)
            + normal(0.5, a[1] + 3.0, 1.0)
            + normal(1.0, a[0] + 3.0, 1.0)
            + normal(-1.0, a[1] + 3.0, 1.0)
    });
    assert!(compiled.training_constants.iter().any(|(text, _)| text == "levels(year)"));
    let p = point(&compiled, &[0.25, -0.5]);
    assert_eq!(p.v("first"), p.v("alpha"));
    agrees(
        "alpha[county] ~ Normal(0, 1)\nfactor dot(alpha[reverse(levels(county))], [1, 2, 3])",
        &data,
        |p| {
            let a = p.v("alpha");
            a.iter().map(|&a| normal(a, 0.0, 1.0)).sum::<f64>() + a[2] + 2.0 * a[1] + 3.0 * a[0]
        },
    );
}

#[test]
fn sums_by_group() {
    let data = csv("y,year,county\n0.5,1979,b\n1.0,1974,a\n-1.0,1979,c\n2.0,1980,a\n");
    for (group, rows) in [("year", [1, 0, 1, 2]), ("county", [1, 0, 2, 0])] {
        let model = format!(
            "m[rows] ~ Normal(0, 1)\ns = segment_sum(m * y, {group})\nX = segment_sum(cbind(m, y), {group})\n\
             factor s ^ 2\nfactor sum(X[:, 1] * X[:, 2])"
        );
        let compiled = agrees(&model, &data, |p| {
            let (m, y) = (p.v("m"), [0.5, 1.0, -1.0, 2.0]);
            let mut sums = [[0.0; 3]; 3];
            for i in 0..4 {
                sums[rows[i]][0] += m[i] * y[i];
                sums[rows[i]][1] += m[i];
                sums[rows[i]][2] += y[i];
            }
            m.iter().map(|&m| normal(m, 0.0, 1.0)).sum::<f64>()
                + sums.iter().map(|[my, m, y]| my * my + m * y).sum::<f64>()
        });
        let sums = compiled.quantities.iter().find(|q| q.name == "s").expect("s");
        assert_eq!(sums.element_name(1), if group == "year" { "s[1979]" } else { "s[b]" });
    }
    let model = "for i in 1:2 { a[i] = segment_sum([i, 2, 3], [1, 2, 1], n = 2) }\nm ~ Normal(sum(a), 1)";
    agrees(model, &data, |p| normal(p.s("m"), 13.0, 1.0));
    refused("s = segment_sum(y, year, n = 3)", &data, &["are 1 to 3, but is 1979 in row 1"]);
    refused("s = segment_sum([1, 2], year)", &data, &["[2]", "[4]"]);
}

/// 3.0 is 3: what other programs write beside missing values groups, indexes, counts and is observed all the same.
#[test]
fn whole_reals_are_ints() {
    use vippl::density::LogDensity;
    let ints = csv("y,g,n\n1,2,3\n0,1,4\n2,2,2\n");
    let reals = csv("y,g,n\n1.0,2.0,3.0\n0.0,1.0,4.0\n2.0,2.0,2.0\n");
    let model = "p[g] ~ Beta(2, 2)\nb[2] ~ Normal(0, 1)\ny ~ Binomial(n, p[g])\ny ~ Poisson(exp(b[g]))\n\
                 z[n[1]] ~ Normal(0, 1)\nfactor segment_sum(b[g], g)";
    let (a, b) = (compiled(model, &ints), compiled(model, &reals));
    for z in some_points(a.density.dim(), 3) {
        assert_eq!(value(&a, &z), value(&b, &z));
    }
    let odd = csv("y,g\n1,1.0\n2,2.5\n");
    refused("b[2] ~ Normal(0, 1)\ny ~ Normal(b[g], 1)", &odd, &["index 2.5 (`g[2]`) is not a whole number"]);
    refused("b[g] ~ Normal(0, 1)\ny ~ Normal(b[g], 1)", &odd, &["`g[2]` is 2.5"]);
    refused("m ~ Exponential(1)\ng ~ Poisson(m)", &odd, &["`g[2]` is 2.5", "is a whole number"]);
    refused("s = segment_sum(y, g)", &odd, &["is 2.5 in row 2"]);
    refused("p ~ Beta(1, 1)\ny ~ Binomial(g, p)", &odd, &["2.5 in `g[2]`"]);
}

/// Lengths of draws that are values of arguments, in every position.
#[test]
fn lengths_of_draws_from_values() {
    let data =
        json(r#"{"T": 3, "y": [0.1, 0.4, 0.2], "Y": [[0.1, 0.4, 0.2], [1.0, 0.5, 0.0]], "k": [3, 3]}"#);
    let walk = |x: &[f64], s: f64| {
        normal(x[0], 0.0, s) + x.windows(2).map(|pair| normal(pair[1] - pair[0], 0.0, s)).sum::<f64>()
    };
    let (first, second) = ([0.1, 0.4, 0.2], [1.0, 0.5, 0.0]);
    for observed in ["y ~ RandomWalk(s, T)", "factor lpdf(RandomWalk(sd = s, steps = len(y)), y)"] {
        agrees(&format!("s ~ HalfNormal(1)\n{observed}"), &data, |p| {
            half_normal(p.s("s"), 1.0) + walk(&first, p.s("s"))
        });
    }
    for observed in ["Y ~ RandomWalk(s, T)", "for i in 1:2 { Y[i] ~ RandomWalk(s, k[i]) }"] {
        agrees(&format!("s ~ HalfNormal(1)\n{observed}"), &data, |p| {
            half_normal(p.s("s"), 1.0) + walk(&first, p.s("s")) + walk(&second, p.s("s"))
        });
    }
    for latent in ["w[2] ~ RandomWalk(0.5, T)", "for i in 1:2 { w[i] ~ RandomWalk(0.5, T) }"] {
        agrees(&format!("{latent}\nfactor mean(RandomWalk(1, T)) + w[2]"), &data, |p| {
            let w = p.v("w");
            walk(&w[..3], 0.5) + walk(&w[3..], 0.5) + w[3..].iter().sum::<f64>()
        });
    }
    for latent in ["L[k[1] - 1] ~ LkjCholesky(2, 1.5)", "for i in 1:2 { L[i] ~ LkjCholesky(2, 1.5) }"] {
        let model = format!("{latent}\n[0.3, -0.2] ~ MvNormal(0, chol = L[2])");
        let compiled = compiled(&model, &data);
        assert_eq!(compiled.quantities[0].dims, [2, 2, 2], "{model}");
        derivatives(&model, &compiled, &some_points(2, 3));
    }
    refused("s ~ HalfNormal(1)\ny ~ RandomWalk(s, 4)", &data, &["[3]", "[4]"]);
    refused("s ~ HalfNormal(1)\nn = round(s)\nw ~ RandomWalk(s, n)", &data, &["`steps` of RandomWalk"]);
}
