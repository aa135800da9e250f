# Coaching in eight schools (Rubin 1981), non-centred. Shows: data in JSON, labels on a quantity that is computed.

## mean effect of coaching
mu ~ Normal(0, 5)
## spread between schools
tau            ~ HalfCauchy(5)
effect[school] ~ Normal(0, 1)
## effect of coaching in a school
theta = mu + tau * effect
y     ~ Normal(theta, sigma)
