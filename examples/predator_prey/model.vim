# Hares and lynxes in Canada, by pelts sold over 21 years. Shows: a differential equation seen with relative error.

## y: thousands of hares and of lynxes
fn change(t, y, birth, eaten, death, eating) = [
  (birth - eaten * y[2]) * y[1],
  (eating * y[1] - death) * y[2],
]

## hares born, and lynxes that die, each year and per head
birth ~ truncated(Normal(1, 0.5), lower = 0)
death ~ truncated(Normal(1, 0.5), lower = 0)
## what a thousand of the others change in that
eaten  ~ truncated(Normal(0.05, 0.05), lower = 0)
eating ~ truncated(Normal(0.05, 0.05), lower = 0)
## both populations in 1900
start[2]   ~ LogNormal(log(10), 1)
sigma[2]   ~ LogNormal(-1, 1)
population = ode(change, start, 1900, year, birth, eaten, death, eating)
hare       ~ LogNormal(log(population[:, 1]), sigma[1])
lynx       ~ LogNormal(log(population[:, 2]), sigma[2])
