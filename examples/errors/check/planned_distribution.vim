# A distribution of the language that is not built yet.
L ~ LkjCholesky(3, 2)
y ~ MvNormal(0, chol = L)
