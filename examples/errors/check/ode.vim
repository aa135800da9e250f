# Differential equations come later.
fn decay(t, y, k) = -k * y
k ~ HalfNormal(1)
c = ode(decay, [1.0], 0, ts, k)
y ~ Normal(c, 0.1)
