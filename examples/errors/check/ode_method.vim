# A method that there is none of.
fn decay(t, y, k) = -k * y
k ~ HalfNormal(1)
c = ode(decay, [1.0], 0, ts, k, method = "euler")
y ~ Normal(c[:, 1], 0.1)
