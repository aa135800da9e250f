# Of the methods for stiff equations there is none yet.
fn decay(t, y, k) = -k * y
k ~ HalfNormal(1)
c = ode(decay, [1.0], 0, ts, k, method = "bdf")
y ~ Normal(c[:, 1], 0.1)
