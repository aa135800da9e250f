# A drug in the blood of five patients. Shows: a differential equation, solved for each patient in a loop.

km = 12  # mg per litre, known from other studies

## y: mg still to be absorbed, mg per litre in the blood, which is cleared at a rate that saturates above km
fn kinetics(t, y, ka, vmax, km) = [
  -ka * y[1],
  ka * y[1] - vmax * y[2] / (km + y[2]),
]

ka              ~ LogNormal(0, 0.5)
mu              ~ Normal(2, 1)
tau             ~ HalfNormal(0.5)
vmax[len(dose)] ~ LogNormal(mu, tau)
sigma           ~ HalfNormal(2)
for i in 1:len(dose) {
  blood       = ode(kinetics, [dose[i], 0], 0, hours, ka, vmax[i], km, rtol = 1e-4, atol = 1e-4)
  measured[i] ~ Normal(blood[:, 2], sigma)
}
