# A smooth surface over two inputs, each with a length of its own.

height    ~ HalfNormal(2)
length[2] ~ LogNormal(0, 0.7)
sigma     ~ HalfNormal(1)
y         ~ MvNormal(
  0,
  cov = gp_exp_quad(x1, height, length[1]) * gp_exp_quad(x2, 1, length[2]) + sigma^2 * eye(len(y)),
)
