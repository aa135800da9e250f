# The times of a solution must not fall.
fn decay(t, y, k) = -k * y
k ~ HalfNormal(1)
c = ode(decay, [1.0], 0, ts, k)
y ~ Normal(c[:, 1], 0.1)
