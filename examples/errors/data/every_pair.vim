# Two columns as indices: every sex in every year, for each row.
b[sex, year] ~ Normal(0, 1)
y            ~ Normal(b[sex, year], 1)
