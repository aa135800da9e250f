# A latent whose name is close to a column that nothing uses: a warning.
mu ~ Normal(0, 10)
log_raddon ~ Normal(mu, 1)
