# The right side takes a rate that it is not given.
fn decay(t, y, k) = -k * y
k ~ HalfNormal(1)
c = ode(decay, [1.0], 0, ts)
y ~ Normal(c[:, 1], 0.1)
