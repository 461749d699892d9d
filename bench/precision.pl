#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0
# The table of precision.sh: over the reports in DIR, how far each figure moves.
#
#	precision.pl alike RUNS DIR		how many of DIR's reports are alike
#	precision.pl table RUNS DIR MISSING-TOOLS
#
# A figure repeats when its range over the runs is at most 1 % of its median or one
# cycle, whichever is more. Runs are alike that had the core to themselves, all but
# one figure in twenty, in the same state of it (bench/core_state.h), the state of most:
# the first RUNS of them are looked at, and all runs beside.
use strict;
use warnings;
use JSON::PP;

use constant { SHARE => 0.01, CYCLES => 1, ALL => 0.95, FAULTS => 0.90, INSN => 0.005 };
# two runs in one state: the widths of bench/core_state.h, twice
use constant { SAME => 0.01, SAME_ENTRY => 0.02 };

my ($command, $runs, $dir, $missing) = @ARGV;

sub slurp
{
	my ($path) = @_;

	open(my $in, '<', $path) or return undef;
	local $/;
	return <$in>;
}

sub median
{
	my @v = sort { $a <=> $b } @_;

	return @v % 2 ? $v[$#v / 2] : ($v[@v / 2 - 1] + $v[@v / 2]) / 2;
}

sub span
{
	my @v = sort { $a <=> $b } @_;

	return $v[-1] - $v[0];
}

# One run: its figures, how long it took, what other tools said.
sub read_run
{
	my ($at) = @_;
	my $report = eval { decode_json(slurp("$at/report.json")) };
	ref $report eq 'HASH' && ref $report->{figures} eq 'ARRAY'
		or die "precision.pl: $at/report.json: not a report\n";
	my %run = (head => $report, state => $report->{calibration}{state} // 0,
		entry => $report->{calibration}{entry} // 0);
	my @measured = grep { defined $_->{value} } @{$report->{figures}};
	my $disturbed = grep { $_->{disturbed} * 2 > @{$_->{rounds}} } @measured;

	my $kept = 0;

	$kept += @{$_->{rounds}} for @measured;
	$run{left_out} = $report->{calibration}{left_out} / ($kept + $report->{calibration}{left_out} || 1);
	$run{unit} = $report->{calibration}{unit};
	$run{order} = [map { $_->{name} } @measured];
	$run{value} = {map { $_->{name} => $_->{value} } @measured};
	$run{calm} = $disturbed * 20 <= @measured;
	($run{seconds}) = (slurp("$at/seconds") // '') =~ /([\d.]+)/;
	$run{others} = [map { [split /\t/] } split /\n/, slurp("$at/others") // ''];
	return \%run;
}

sub shown
{
	return $_[0] ? sprintf('%.1f', $_[0]) : 'none';
}

sub same_state
{
	for (['state', SAME], ['entry', SAME_ENTRY]) {
		my ($key, $width) = @$_;
		my ($x, $y) = map { $_->{$key} } @_;

		return 0 unless $x == $y || ($x && $y && abs($x / $y - 1) <= $width);
	}
	return 1;
}

my @read = map { read_run($_) } grep { -e "$_/report.json" } sort glob("$dir/r*");
# a refused calibration leaves ticks, which say nothing here
my @all = grep { $_->{unit} eq 'cycles' } @read;
die "precision.pl: figures in $read[0]{unit}, not in cycles\n" if @read > 1 && @all < 2;
my @alike;
for my $one (grep { $_->{calm} } @all) {
	my @like = grep { $_->{calm} && same_state($_, $one) } @all;

	@alike = @like if @like > @alike;
}
if ($command eq 'alike') {
	print scalar(@alike), "\n";
	exit;
}
splice @alike, $runs if @alike > $runs;
my $unlike = @alike < 2;
@alike = @all if $unlike;

# The rows over some runs, and the count and share of each class that repeats.
sub judge
{
	my @runs = @_;
	my (%sum, @rows, @insn, @partial);

	for my $name (@{$runs[0]{order}}) {
		my @v = grep { defined } map { $_->{value}{$name} } @runs;
		my ($middle, $range) = (median(@v), span(@v));
		my $class = $name =~ m{^crossing/fault} ? 'faults' : 'all';
		my $bound = SHARE * abs($middle) > CYCLES ? SHARE * abs($middle) : CYCLES;
		my $ok = $range <= $bound;

		if (@v < @runs) {
			push @partial, $name;
			next;
		}
		$sum{$class}{count}++;
		$sum{$class}{within} += $ok;
		push @insn, $range / $middle if $name !~ m{^crossing/} && $middle > 0.1;
		push @rows, [$name, $middle, $range, $ok];
	}
	my @seconds = sort { $a <=> $b } grep { defined } map { $_->{seconds} } @runs;
	return {sum => \%sum, rows => \@rows, insn => @insn ? median(@insn) : undef,
		partial => \@partial, seconds => \@seconds};
}

sub verdict { return $_[0] ? 'met' : 'missed'; }

# Cells of one column of the first table.
sub share_cells
{
	my ($j, $class, $least) = @_;
	my ($within, $count) = @{$j->{sum}{$class}}{qw(within count)};

	return '-' if !$count;
	return sprintf('%d of %d, %.0f %%, %s', $within, $count, 100 * $within / $count,
		verdict($within >= $least * $count));
}

my ($first, $whole) = (judge(@alike), judge(@all));
my $head = $alike[0]{head};
my ($env, $plan) = ($head->{environment}, $head->{plan});
my @columns = @all > @alike ? ($first, $whole) : ($first);

printf "# Precision: the range of each figure over %d separate runs\n\n", scalar(@alike);
printf "%s, kernel %s, %s. %d rounds of %d samples, tier %s%s.\n\n", $env->{cpu}, $env->{kernel},
	$env->{hypervisor} eq 'none' ? 'no hypervisor' : "in a virtual machine ($env->{hypervisor})",
	$plan->{rounds}, $plan->{samples}, $plan->{tier},
	@{$whole->{seconds}} ? sprintf(', %.1f to %.1f s a run', @{$whole->{seconds}}[0, -1]) : '';
printf "Core state of each run (cycles of one FXRSTOR and one ARCH_GET_GS; ! for one beside another thread): %s.\n",
	join(', ', map { shown($_->{state}) . ' ' . shown($_->{entry}) .
			($_->{calm} ? '' : '!') } @all);
printf "Readings left out, taken beside another thread or in another state: %.0f %% of all in the middle run, %.0f to %.0f %%.\n",
	map { 100 * $_ } median(map { $_->{left_out} } @alike),
		(sort { $a <=> $b } map { $_->{left_out} } @alike)[0, -1];
print @all > @alike ? "The figures below are of the " . @alike . " runs alike, of " . @all .
	"; in the last column of the table are all.\n\n" : "\n";
print "No two runs were alike: the figures are of all.\n\n" if $unlike;
printf "Left out: %d without a calibration.\n\n", @read - @all if @read > @all;
print "| what | wanted | here |", @all > @alike ? " all runs |" : '', "\n|---|---|---|",
	@all > @alike ? '---|' : '', "\n";
for (['all', 'range within 1 % or 1 cycle, of all but page faults', ALL],
     ['faults', 'the same of page faults', FAULTS]) {
	my ($class, $what, $least) = @$_;

	next if !$first->{sum}{$class}{count};
	printf "| %s | %.0f %% | %s |\n", $what, 100 * $least,
		join(' | ', map { share_cells($_, $class, $least) } @columns);
}
printf "| range of the median instruction experiment (insn, gs, fpu) | 0.5 %% | %s |\n",
	join(' | ', map { defined $_->{insn} ? sprintf('%.2f %%, %s', 100 * $_->{insn},
						       verdict($_->{insn} <= INSN)) : '-' }
		@columns) if defined $first->{insn};
printf "| longest CORE run | 20 s | %s |\n",
	join(' | ', map { sprintf('%.1f s, %s', $_->{seconds}[-1], verdict($_->{seconds}[-1] < 20)) }
		@columns) if @{$first->{seconds}};
print "\nNot in every run, so not counted: @{$first->{partial}}.\n" if @{$first->{partial}};

print "\n## Other tools, in the same minutes\n\n";
my %others;
for my $run (@all) {
	push @{$others{"$_->[0], $_->[1]"}}, $_->[2] for @{$run->{others}};
}
if (%others) {
	print "| tool | runs | median | range |\n|---|---|---|---|\n";
	for my $tool (sort keys %others) {
		my @v = @{$others{$tool}};

		printf "| %s | %d | %.4g | %.1f %% |\n", $tool, scalar(@v), median(@v),
			100 * span(@v) / median(@v);
	}
}
print "\nNot here: $missing.\n" if length($missing // '');

print "\n## Every figure, the least steady first\n\n";
print "| figure | cycles (median) | range, cycles | range | |\n|---|---|---|---|---|\n";
for (sort { $b->[2] / (abs($b->[1]) || 1) <=> $a->[2] / (abs($a->[1]) || 1) ||
	    $a->[0] cmp $b->[0] } @{$first->{rows}}) {
	my ($name, $middle, $range, $ok) = @$_;

	printf "| %s | %.5g | %.3g | %s | %s |\n", $name, $middle, $range,
		abs($middle) > 0.1 ? sprintf('%.2f %%', 100 * $range / abs($middle)) : '-',
		$ok ? '' : 'wide';
}
