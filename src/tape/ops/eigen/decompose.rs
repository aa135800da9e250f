//! The numbers: reduction to a tridiagonal matrix by Householder reflections, then implicit QL steps.
//!
//! After the Algol procedures tred2 and tql2 of Bowdler, Martin, Reinsch and Wilkinson, Handbook for Automatic Computation,
//! vol. II (1971), in the form of EISPACK and JAMA. They work in place, which a general library's routines do not: running a
//! program allocates nothing.

/// QL steps for one eigenvalue before giving up; 3 are usual.
const MAX_STEPS: usize = 60;

/// Eigenvalues, ascending, into `values`; `matrix`, row-major, whose lower triangle is read, becomes the eigenvectors in
/// columns, the element of the largest size of each positive. All NaN where the matrix is not finite.
pub fn decompose(values: &mut [f64], matrix: &mut [f64], off: &mut [f64]) {
    let n = values.len();
    for i in 0..n {
        for j in 0..i {
            matrix[j * n + i] = matrix[i * n + j];
        }
    }
    // Close to 1, so that no square overflows or vanishes.
    let largest = matrix.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
    let scale = if largest > 0.0 { largest } else { 1.0 };
    matrix.iter_mut().for_each(|x| *x /= scale);
    tridiagonal(values, matrix, off);
    if matrix.iter().any(|x| !x.is_finite()) || !ql(values, matrix, off) {
        values.fill(f64::NAN);
        matrix.fill(f64::NAN);
        return;
    }
    values.iter_mut().for_each(|x| *x *= scale);
    sort(values, matrix);
    for j in 0..n {
        let column = || (0..n).map(|i| matrix[i * n + j]);
        let tallest = column().fold(0.0_f64, |m, x| if x.abs() > m.abs() { x } else { m });
        if tallest < 0.0 {
            (0..n).for_each(|i| matrix[i * n + j] = -matrix[i * n + j]);
        }
    }
}

/// Householder reduction: the diagonal into `d`, the elements before it into `e[1..]`, the product of reflections into `v`.
fn tridiagonal(d: &mut [f64], v: &mut [f64], e: &mut [f64]) {
    let n = d.len();
    d.copy_from_slice(&v[(n - 1) * n..]);
    for i in (1..n).rev() {
        let scale: f64 = d[..i].iter().map(|x| x.abs()).sum();
        let mut h = 0.0;
        if scale == 0.0 {
            e[i] = d[i - 1];
            for j in 0..i {
                d[j] = v[(i - 1) * n + j];
                v[i * n + j] = 0.0;
                v[j * n + i] = 0.0;
            }
        } else {
            for x in &mut d[..i] {
                *x /= scale;
                h += *x * *x;
            }
            let f = d[i - 1];
            let g = if f > 0.0 { -h.sqrt() } else { h.sqrt() };
            e[i] = scale * g;
            h -= f * g;
            d[i - 1] = f - g;
            e[..i].fill(0.0);
            for j in 0..i {
                let f = d[j];
                v[j * n + i] = f;
                let mut g = e[j] + v[j * n + j] * f;
                for k in j + 1..i {
                    g += v[k * n + j] * d[k];
                    e[k] += v[k * n + j] * f;
                }
                e[j] = g;
            }
            let mut f = 0.0;
            for j in 0..i {
                e[j] /= h;
                f += e[j] * d[j];
            }
            let hh = f / (h + h);
            for j in 0..i {
                e[j] -= hh * d[j];
            }
            for j in 0..i {
                let (f, g) = (d[j], e[j]);
                for k in j..i {
                    v[k * n + j] -= f * e[k] + g * d[k];
                }
                d[j] = v[(i - 1) * n + j];
                v[i * n + j] = 0.0;
            }
        }
        d[i] = h;
    }
    for i in 0..n - 1 {
        v[(n - 1) * n + i] = v[i * n + i];
        v[i * n + i] = 1.0;
        let h = d[i + 1];
        if h != 0.0 {
            for k in 0..=i {
                d[k] = v[k * n + i + 1] / h;
            }
            for j in 0..=i {
                let g: f64 = (0..=i).map(|k| v[k * n + i + 1] * v[k * n + j]).sum();
                for k in 0..=i {
                    v[k * n + j] -= g * d[k];
                }
            }
        }
        for k in 0..=i {
            v[k * n + i + 1] = 0.0;
        }
    }
    for j in 0..n {
        d[j] = v[(n - 1) * n + j];
        v[(n - 1) * n + j] = 0.0;
    }
    v[n * n - 1] = 1.0;
    e[0] = 0.0;
}

/// Implicit QL steps with shifts; whether they converged.
fn ql(d: &mut [f64], v: &mut [f64], e: &mut [f64]) -> bool {
    let n = d.len();
    e.copy_within(1.., 0);
    e[n - 1] = 0.0;
    let (mut shift, mut size) = (0.0, 0.0_f64);
    for l in 0..n {
        size = size.max(d[l].abs() + e[l].abs());
        let small = |x: f64| x.abs() <= f64::EPSILON * size;
        let m = (l..n).find(|&m| small(e[m])).unwrap_or(n - 1);
        let mut steps = 0;
        while m > l && (steps == 0 || !small(e[l])) {
            steps += 1;
            if steps > MAX_STEPS {
                return false;
            }
            let g = d[l];
            let p = (d[l + 1] - g) / (2.0 * e[l]);
            let r = if p < 0.0 { -p.hypot(1.0) } else { p.hypot(1.0) };
            d[l] = e[l] / (p + r);
            d[l + 1] = e[l] * (p + r);
            let next = d[l + 1];
            let h = g - d[l];
            d[l + 2..].iter_mut().for_each(|x| *x -= h);
            shift += h;
            let mut p = d[m];
            let (mut c, mut c2, mut c3) = (1.0, 1.0, 1.0);
            let before = e[l + 1];
            let (mut s, mut s2) = (0.0, 0.0);
            for i in (l..m).rev() {
                c3 = c2;
                c2 = c;
                s2 = s;
                let g = c * e[i];
                let h = c * p;
                let r = p.hypot(e[i]);
                e[i + 1] = s * r;
                s = e[i] / r;
                c = p / r;
                p = c * d[i] - s * g;
                d[i + 1] = h + s * (c * g + s * d[i]);
                for row in v.chunks_exact_mut(n) {
                    let h = row[i + 1];
                    row[i + 1] = s * row[i] + c * h;
                    row[i] = c * row[i] - s * h;
                }
            }
            p = -s * s2 * c3 * before * e[l] / next;
            e[l] = s * p;
            d[l] = c * p;
        }
        d[l] += shift;
        e[l] = 0.0;
    }
    true
}

/// By selection: few exchanges of columns.
fn sort(values: &mut [f64], vectors: &mut [f64]) {
    let n = values.len();
    for i in 0..n {
        let least = (i..n).min_by(|&a, &b| values[a].total_cmp(&values[b])).unwrap_or(i);
        if least != i {
            values.swap(i, least);
            vectors.chunks_exact_mut(n).for_each(|row| row.swap(i, least));
        }
    }
}
