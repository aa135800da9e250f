# A level that the column does not have.
alpha[county] ~ Normal(0, 1)
y ~ Normal(alpha[county], 1)
d = alpha["HENEPIN"] - alpha["AITKIN"]
