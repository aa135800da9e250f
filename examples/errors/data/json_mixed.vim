# Numbers and words in one array.
mu ~ Normal(0, 10)
y  ~ Normal(mu, 1)
