# Broods that succeed among those that were watched: a quadratic trend of the log odds.

b[3]      ~ Normal(0, 100)
succeeded ~ Binomial(watched, logit = cbind(1, year, year^2) @ b)
