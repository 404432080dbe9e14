
Bout0J*U?Ц>Та=?зF╜DO?,Gм?·╨у16AД@'?°DtAW2EH:╡G