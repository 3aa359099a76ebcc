/** `nightly-reports` → `NightlyReports`: the names of CloudFormation outputs are letters and digits. */
export function toPascalCase(name: string): string {
  return name
    .split(/[-_]/)
    .filter((word) => word !== '')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
}
