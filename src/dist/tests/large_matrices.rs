//! Densities of vectors and matrices of up to fifty rows: gradients and second derivatives, in arguments and values.

use crate::constraint::Constraint;
use crate::tape::testing::{check_along_directions, numbers};

use super::*;

const ROWS: [usize; 4] = [2, 5, 20, 50];

/// X X' / n + I
fn definite(g: &mut Graph, x: Node, n: usize) -> Node {
    let product = g.matmul_transposed(x, false, x, true);
    let product = g.mul_scalar(product, 1.0 / n as f64);
    let identity = crate::dist::matrices::identity(g, n);
    g.add(product, identity)
}

/// The lower triangle of X / n, with ones added to the diagonal.
fn factor(g: &mut Graph, x: Node, n: usize) -> Node {
    let lower = g.tril(x);
    let lower = g.mul_scalar(lower, 0.5 / (n as f64).sqrt());
    let identity = crate::dist::matrices::identity(g, n);
    g.add(lower, identity)
}

#[test]
fn normals_and_student_t() {
    for n in ROWS {
        for (name, form) in
            [("MvNormal", 0), ("MvNormal", 1), ("MvNormal", 2), ("MvStudentT", 0), ("MvStudentT", 1)]
        {
            let mut g = Graph::new();
            let inputs = [g.input(&[]), g.input(&[n]), g.input(&[n, n]), g.input(&[n])];
            let [df, mean, x, point] = inputs;
            let matrix = if form == 1 { factor(&mut g, x, n) } else { definite(&mut g, x, n) };
            let df = g.exp(df);
            let args = if name == "MvNormal" { vec![mean, matrix] } else { vec![df, mean, matrix] };
            let y = find(name).unwrap().log_density(&mut g, form, &args, point);
            let at = [vec![1.3], numbers(n, 2), numbers(n * n, 3), numbers(n, 4)];
            check_along_directions(&format!("{name} form {form}"), &mut g, y, &inputs, &at, n);
        }
    }
}

#[test]
fn wishart() {
    for n in ROWS {
        for name in ["Wishart", "InverseWishart"] {
            let mut g = Graph::new();
            let inputs = [g.input(&[]), g.input(&[n, n]), g.input(&[n, n])];
            let [df, scale, x] = inputs;
            let df = g.exp(df);
            let df = g.add_scalar(df, n as f64);
            let (scale, x) = (definite(&mut g, scale, n), definite(&mut g, x, n));
            let y = find(name).unwrap().log_density(&mut g, 0, &[df, scale], x);
            let at = [vec![0.8], numbers(n * n, 3), numbers(n * n, 4)];
            check_along_directions(name, &mut g, y, &inputs, &at, n);
        }
    }
}

/// As latents, with their Jacobians; and of a matrix that has to be factored.
#[test]
fn lkj() {
    for n in ROWS {
        let constraints: [(&str, &dyn Constraint); 2] =
            [("LkjCholesky", &crate::constraint::CholeskyCorr), ("LkjCorr", &crate::constraint::Correlation)];
        for (name, constraint) in constraints {
            let mut g = Graph::new();
            let size = n * (n - 1) / 2;
            let inputs = [g.input(&[]), g.input(&[size])];
            let eta = g.exp(inputs[0]);
            let (x, log_jacobian) = constraint.constrain(&mut g, inputs[1], &[]);
            let k = g.scalar(n as f64);
            let y = find(name).unwrap().log_density(&mut g, 0, &[k, eta], x);
            let waves = g.sin(x);
            let waves = g.sum_all(waves);
            let total = g.add(y, log_jacobian);
            let total = g.add(total, waves);
            check_along_directions(name, &mut g, total, &inputs, &[vec![0.4], numbers(size, 3)], n);
        }
        let mut g = Graph::new();
        let inputs = [g.input(&[]), g.input(&[n, n])];
        let eta = g.exp(inputs[0]);
        let covariance = definite(&mut g, inputs[1], n);
        let variances = g.diagonal(covariance);
        let sds = g.sqrt(variances);
        let (rows, columns) = (g.reshape(sds, &[n, 1]), g.reshape(sds, &[1, n]));
        let scale = g.mul(rows, columns);
        let correlation = g.div(covariance, scale);
        let k = g.scalar(n as f64);
        let y = find("LkjCorr").unwrap().log_density(&mut g, 0, &[k, eta], correlation);
        check_along_directions(
            "LkjCorr of a product",
            &mut g,
            y,
            &inputs,
            &[vec![0.4], numbers(n * n, 3)],
            n,
        );
    }
}
