# Two smooth curves that vary together: the eigenvalues of two small matrices do for those of their product.

fn log_density(y, K, R, sigma2) = sum(
  lpdf(
    Normal(0, sqrt(outer(eigen_sym(R), eigen_sym(K)) + sigma2)),
    eigen_sym(R, vectors = true)' @ y @ eigen_sym(K, vectors = true),
  ),
)
gap2 = (outer(x, ones(len(x))) - outer(ones(len(x)), x))^2

height ~ LogNormal(0, 1)
decay  ~ LogNormal(0, 1)
sigma2 ~ LogNormal(0, 1)
L      ~ LkjCholesky(nrow(y), 2)
factor log_density(y, height * exp(-decay * gap2) + 1e-5 * eye(len(x)), L @ L', sigma2)
correlation = L[2, 1]
