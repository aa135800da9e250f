# Cholera in a village: the susceptible, the ill, the recovered, and the bacteria in the water.

kappa = 1000  # thousands of bacteria
fn cholera(t, y, beta, gamma, xi, delta) = [
  -beta * y[4] / (y[4] + kappa) * y[1],
  beta * y[4] / (y[4] + kappa) * y[1] - gamma * y[2],
  gamma * y[2],
  xi * y[2] - delta * y[4],
]

## infection by water
beta ~ HalfCauchy(2.5)
## recovery
gamma ~ HalfCauchy(1)
## bacteria that the ill give to the water, and those that die
xi        ~ HalfCauchy(25)
delta     ~ HalfCauchy(1)
y         = ode(cholera, start, 0, t, beta, gamma, xi, delta, rtol = 1e-4, atol = 1e-3)
new_cases ~ Poisson(concat(start[1], y[1:(len(t) - 1), 1]) - y[:, 1])
bacteria  ~ LogNormal(log(y[:, 4]), 0.15)
