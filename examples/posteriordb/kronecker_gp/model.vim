# Three smooth curves that vary together: the eigenvalues of two small matrices do for those of their product.

height ~ LogNormal(0, 1)
decay  ~ HalfCauchy(2.5)
sigma2 ~ LogNormal(0, 1)
L      ~ LkjCholesky(nrow(y), 2)
K      = height * exp(-decay * (outer(x, ones(len(x))) - outer(ones(len(x)), x))^2)
  + 1e-5 * eye(len(x))
R      = L @ L'
turned = eigen_sym(R, vectors = true)' @ y @ eigen_sym(K, vectors = true)
factor lpdf(Normal(0, sqrt(outer(eigen_sym(R), eigen_sym(K)) + sigma2)), turned)
