# `tau * L` is not diag(tau) L.
L ~ LkjCholesky(2, 1)
tau[2] ~ HalfNormal(1)
factor logdet((tau * L) @ (diag(tau) @ L)')
