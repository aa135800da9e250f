# Reaction times of people who sleep too little. Shows: a formula as in R; `vippl expand` writes the plain program.

## scatter of single measurements, in ms
sigma ~ HalfNormal(50)
## reaction time, in ms
reaction ~ Normal(lm(1 + night + coffee + (1 + night || person)), sigma)
