# Carbon that leaves a soil in two pools, which feed each other.

fn pools(t, c, k1, k2, a21, a12) = [a12 * k2 * c[2] - k1 * c[1], a21 * k1 * c[1] - k2 * c[2]]

## rates of decay
k1 ~ HalfNormal(1)
k2 ~ HalfNormal(1)
## shares of it that the other pool gets
a21 ~ HalfNormal(1)
a12 ~ HalfNormal(1)
## share of the first pool at the start
gamma   ~ Beta(10, 1)
sigma   ~ HalfCauchy(1)
c       = ode(pools, [gamma * total, (1 - gamma) * total], 0, times, k1, k2, a21, a12)
evolved ~ Normal(total - sum(c, axis = 2), sigma)
