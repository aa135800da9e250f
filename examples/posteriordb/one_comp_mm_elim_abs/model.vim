# A drug that is absorbed into one compartment and eliminated at a rate that saturates.

fn kinetics(t, y, ka, km, vm) = [
  exp(-ka * t) * dose * ka / volume - vm / volume * y[1] / (km + y[1]),
]

ka       ~ HalfCauchy(1)
km       ~ HalfCauchy(1)
vm       ~ HalfCauchy(1)
sigma    ~ HalfCauchy(1)
y        = ode(kinetics, [0], 0, times, ka, km, vm)
measured ~ LogNormal(log(y[:, 1]), sigma)
