# Response to a drug, by dose. Shows: a function of the file, nonlinear regression, an effect at a new dose.

fn hill_curve(d, base, top, ed50, hill) = base + top / (1 + (ed50 / d)^hill)

base ~ Normal(0, 20)
top  ~ HalfNormal(50)
## dose of half the effect
ed50     ~ LogNormal(log(10), 1)
hill     ~ LogNormal(0, 0.5)
sigma    ~ HalfNormal(5)
response ~ Normal(hill_curve(dose, base, top, ed50, hill), sigma)

response_at_20 = hill_curve(20, base, top, ed50, hill)
